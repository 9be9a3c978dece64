/** A fenced block: what stands after the fence, and what stands within. */
export type Fence = { readonly language: string; readonly text: string };

export function fences(markdown: string): readonly Fence[] {
  return [...markdown.matchAll(/^(`{3,})([\w-]*)[^\n]*\n([\s\S]*?)^\1\s*$/gm)].map(
    ([, , language = "", text = ""]) => ({
      language,
      text,
    }),
  );
}

/** Everything set as code: fenced blocks line by line, and the spans between single backticks. */
export function codeSpans(markdown: string): readonly string[] {
  const spans = [...withoutFences(markdown).matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span);
  return [...fences(markdown).flatMap(({ text }) => text.split("\n")), ...spans];
}

/** Where links and images lead, in Markdown and in HTML, those within code left out. */
export function links(markdown: string): readonly string[] {
  const prose = withoutFences(markdown).replace(/`[^`\n]*`/g, "");
  const written = [...prose.matchAll(/\]\(\s*<?([^\s)>]+)[^)]*\)/g)].map(([, target = ""]) => target);
  const html = [...prose.matchAll(/\b(?:src|href|srcset)="([^"\s]+)/g)].map(([, target = ""]) => target);
  const referred = [...prose.matchAll(/^\[[^\]]+\]:\s*(\S+)/gm)].map(([, target = ""]) => target);
  return [...written, ...html, ...referred];
}

/** The anchors of a page's headings, as the common hosts make them. */
export function anchors(markdown: string): ReadonlySet<string> {
  const headings = [...withoutFences(markdown).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)].map(
    ([, heading = ""]) => heading,
  );
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replace(/\s/g, "-"),
    ),
  );
}

function withoutFences(markdown: string): string {
  return markdown.replace(/^(`{3,})[^\n]*\n[\s\S]*?^\1\s*$/gm, "");
}
