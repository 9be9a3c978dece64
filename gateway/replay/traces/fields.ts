/** More than any access log has. */
const mostFields = 100;

export type Field = { readonly text: string; readonly quoted: boolean };

/** The fields of a line between spaces; quoted ones may hold spaces and escaped quotes. Linear, whatever is in it. */
export function splitFields(line: string, from = 0): Field[] {
  const fields: Field[] = [];
  let at = from;
  while (at < line.length && fields.length < mostFields) {
    if (line[at] === " ") {
      at++;
      continue;
    }
    const quoted = line[at] === '"';
    const end = quoted ? endOfQuote(line, at + 1) : endOfWord(line, at);
    fields.push({ text: line.slice(quoted ? at + 1 : at, end), quoted });
    at = end + 1;
  }
  return fields;
}

function endOfWord(line: string, from: number): number {
  const end = line.indexOf(" ", from);
  return end < 0 ? line.length : end;
}

function endOfQuote(line: string, from: number): number {
  for (let at = from; at < line.length; at++) {
    if (line[at] === "\\") at++;
    else if (line[at] === '"') return at;
  }
  return line.length;
}

/** A plain decimal number that is not below zero, as text or as a number; undefined for anything else. */
export function readNumber(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) && value >= 0 ? value : undefined;
  if (typeof value !== "string" || !/^\d{1,15}(?:\.\d{1,20})?$/.test(value)) return undefined;
  return Number(value);
}

/** A number of bytes that an image or its request can have. */
export function readBytes(value: unknown): number | undefined {
  const bytes = readNumber(value);
  return bytes !== undefined && bytes >= 1 && bytes <= 2 ** 30 ? Math.round(bytes) : undefined;
}

export function readStatus(value: unknown): number | undefined {
  const status = readNumber(value);
  return status !== undefined && status >= 100 && status <= 599 ? Math.trunc(status) : undefined;
}

/** The members of a line of JSON, where it is an object. */
export function readJsonLine(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
