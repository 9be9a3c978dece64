import { createHash } from "node:crypto";
import { type ApiDocument, operationsOf, type Placed } from "./document.ts";
import { errorSections } from "./error-sections.ts";
import { html, type Markup, prose } from "./markup.ts";
import { operationSection } from "./operation.ts";
import { membersTable } from "./schema.ts";
import { style } from "./style.ts";

/** Nothing may be loaded and nothing may run; the one style is known by its hash. */
export const contentPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The reference as a page that needs nothing else, made of the document and of what is said of each error. */
export function renderPage(given: object, errors: string): string {
  const document = given as ApiDocument;
  const chapters = chaptersOf(document);
  const { title, description = "" } = document.info;
  return html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}: API reference</title><style>${{ html: style }}</style></head>
<body>
${contents(chapters)}
<main>
<h1>${title}</h1>
<p>${prose(description)}</p>
<p>The same for programs: <a href="/openapi.json">/openapi.json</a>.</p>
${keysPart(document)}
${chapters.map(chapter)}
${schemasPart(document)}
${headersPart(document)}
<h2 id="errors">Errors</h2>
${errorSections(errors)}
</main>
</body>
</html>
`.html;
}

type Chapter = {
  readonly name: string;
  readonly description: string;
  readonly operations: readonly Placed[];
};

function chaptersOf(document: ApiDocument): Chapter[] {
  const operations = operationsOf(document);
  return (document.tags ?? [])
    .map(({ name, description = "" }) => ({
      name,
      description,
      operations: operations.filter(({ operation }) => operation.tags?.includes(name)),
    }))
    .filter((one) => one.operations.length > 0);
}

function contents(chapters: readonly Chapter[]): Markup {
  const lists = chapters.map(
    ({ name, operations }) =>
      html`<b>${name}</b><ul>${operations.map(
        ({ operation }) =>
          html`<li><a href="#op-${operation.operationId}">${operation.summary ?? ""}</a></li>`,
      )}</ul>`,
  );
  return html`<nav aria-label="Contents">${lists}<b>More</b><ul><li><a href="#keys">Keys</a></li>
<li><a href="#schemas">Schemas</a></li><li><a href="#headers">Headers</a></li><li><a href="#errors">Errors</a></li></ul></nav>`;
}

function keysPart({ components }: ApiDocument): Markup {
  const ways = Object.values(components.securitySchemes ?? {}).map(
    ({ description = "" }) => html`<li>${prose(description)}</li>`,
  );
  return html`<h2 id="keys">Keys</h2><p>A request shows one of these:</p><ul>${ways}</ul>`;
}

function chapter({ name, description, operations }: Chapter): Markup {
  return html`<h2>${name}</h2><p>${prose(description)}</p>${operations.map(operationSection)}`;
}

function schemasPart({ components }: ApiDocument): Markup {
  const sections = Object.entries(components.schemas ?? {}).map(
    ([name, schema]) => html`<section id="schema-${name}"><h3><a href="#schema-${name}">${name}</a></h3>
<p>${prose(String(schema.description ?? ""))}</p>${membersTable(schema)}</section>
`,
  );
  return html`<h2 id="schemas">Schemas</h2>${sections}`;
}

function headersPart({ components }: ApiDocument): Markup {
  const rows = Object.entries(components.headers ?? {}).map(
    ([name, { description = "" }]) =>
      html`<tr id="header-${name}"><td><code>${name}</code></td><td>${prose(description)}</td></tr>`,
  );
  return html`<h2 id="headers">Headers</h2><div class="wide"><table><tbody>${rows}</tbody></table></div>`;
}
