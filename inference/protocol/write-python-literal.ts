import type { PythonLiteral } from "#inference/models/python-literal.ts";

/**
 * A value as Python writes it. Clients `eval()` such text, so that nothing of a string may end its quotes: all but plain
 * letters, digits and harmless signs is written as an escape.
 */
export function writePythonLiteral(value: PythonLiteral, depth = 0): string {
  if (depth > maxDepth) throw new RangeError("nested too deeply for a Python literal");
  if (value === null) return "None";
  if (typeof value === "string") return quoted(value);
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return numberText(value);
  const inner = (item: PythonLiteral): string => writePythonLiteral(item, depth + 1);
  if (isList(value)) return `[${value.map(inner).join(", ")}]`;
  return `{${[...value].map(([key, item]) => `${inner(key)}: ${inner(item)}`).join(", ")}}`;
}

/** As deep as our own reader follows. */
const maxDepth = 16;

function isList(
  value: readonly PythonLiteral[] | ReadonlyMap<string | number, PythonLiteral>,
): value is readonly PythonLiteral[] {
  return Array.isArray(value);
}

/** Python has no literal for what is no number; one too large to hold reads as infinity. */
function numberText(value: number): string {
  if (Number.isNaN(value)) return "None";
  if (!Number.isFinite(value)) return value < 0 ? "-1e999" : "1e999";
  return Object.is(value, -0) ? "-0.0" : `${value}`;
}

function quoted(text: string): string {
  return `'${text.replace(/[^ !#-&(-[\]-~]/gu, escaped)}'`;
}

function escaped(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  const hex = point.toString(16);
  if (point <= 0xff) return `\\x${hex.padStart(2, "0")}`;
  return point <= 0xffff ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
