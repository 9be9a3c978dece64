import { html, type Markup, prose } from "./markup.ts";

/** What the catalogue's page says of each code, at an anchor of its own. */
export function errorSections(markdown: string): Markup[] {
  const [, ...sections] = markdown.split(/^## /m);
  return sections.map((section) => {
    const [code = "", ...paragraphs] = section.trim().split(/\n\n+/);
    const texts = paragraphs.map((paragraph) => html`<p>${prose(paragraph.replaceAll("\n", " "))}</p>`);
    return html`<section id="error-${code}"><h3><a href="#error-${code}"><code>${code}</code></a></h3>${texts}</section>
`;
  });
}
