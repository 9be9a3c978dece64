/** A value of a header with parameters behind it, as `form-data; name="image"`; names and the value in lower case. */
export type HeaderValue = { readonly value: string; readonly parameters: ReadonlyMap<string, string> };

/** Undefined where a parameter is not written as one, or comes twice. */
export function readHeaderValue(text: string): HeaderValue | undefined {
  const parameters = new Map<string, string>();
  let at = indexOr(text, ";", 0);
  const value = text.slice(0, at).trim().toLowerCase();
  while (at < text.length) {
    at = skipBlank(text, at + 1);
    // A semicolon with nothing behind it is common and harmless.
    if (at >= text.length || text[at] === ";") continue;
    const found = readParameter(text, at);
    if (!found || parameters.has(found.name)) return undefined;
    parameters.set(found.name, found.value);
    at = found.next;
  }
  return { value, parameters };
}

type Parameter = { readonly name: string; readonly value: string; readonly next: number };

function readParameter(text: string, from: number): Parameter | undefined {
  const equals = text.indexOf("=", from);
  if (equals === -1) return undefined;
  const name = text.slice(from, equals).trim().toLowerCase();
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]{1,64}$/.test(name)) return undefined;
  const start = skipBlank(text, equals + 1);
  return text[start] === '"' ? readQuoted(text, name, start + 1) : readToken(text, name, start);
}

function readToken(text: string, name: string, start: number): Parameter | undefined {
  const next = indexOr(text, ";", start);
  const value = text.slice(start, next).trim();
  return value === "" || value.includes('"') ? undefined : { name, value, next };
}

/** Only a quote and a backslash are escaped: some clients put whole Windows paths between the quotes. */
function readQuoted(text: string, name: string, start: number): Parameter | undefined {
  let value = "";
  let from = start;
  for (let at = start; at < text.length; at += 1) {
    const letter = text[at];
    if (letter === '"') {
      const next = skipBlank(text, at + 1);
      const ends = next >= text.length || text[next] === ";";
      return ends ? { name, value: value + text.slice(from, at), next } : undefined;
    }
    if (letter !== "\\" || (text[at + 1] !== '"' && text[at + 1] !== "\\")) continue;
    value += text.slice(from, at);
    from = at + 1;
    at += 1;
  }
  return undefined;
}

function skipBlank(text: string, from: number): number {
  let at = from;
  while (text[at] === " " || text[at] === "\t") at += 1;
  return at;
}

function indexOr(text: string, wanted: string, from: number): number {
  const at = text.indexOf(wanted, from);
  return at === -1 ? text.length : at;
}
