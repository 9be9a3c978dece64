/** HTML that is safe to stand where it is put: all that came into it as text was escaped. */
export type Markup = { readonly html: string };

type Value = string | number | Markup | readonly Markup[] | undefined;

/** Texts between the words of the template are escaped, markup is not. */
export function html(words: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return { html: words.map((word, place) => word + written(values[place])).join("") };
}

export function joined(parts: readonly Markup[], between: string): Markup {
  return { html: parts.map((part) => part.html).join(escaped(between)) };
}

/** A sentence in which what stands between backticks is code. */
export function prose(text: string): Markup {
  const parts = text
    .split("`")
    .map((part, place) => (place % 2 === 0 ? html`${part}` : html`<code>${part}</code>`));
  return joined(parts, "");
}

function written(value: Value): string {
  if (value === undefined) return "";
  if (typeof value === "string" || typeof value === "number") return escaped(String(value));
  return "html" in value ? value.html : value.map((each) => each.html).join("");
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? "");
}
