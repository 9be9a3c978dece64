import { isTooBroad } from "#inference/artefacts/list-breadth.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

const mostDepth = 32;
const openings = new Set(["[", "{"].map((sign) => sign.charCodeAt(0)));
const closings = new Set(["]", "}"].map((sign) => sign.charCodeAt(0)));
const quote = '"'.charCodeAt(0);
const backslash = "\\".charCodeAt(0);

/**
 * Refuses text that no list consists of before anything looks at what it says: not UTF-8, not JSON, deeper or broader than
 * a list can be, or with names that are special to the language. What was not yet verified costs no more than one look.
 */
export function refuseUnsoundJson(bytes: Uint8Array, what: string): void {
  const text = decode(bytes, what);
  if (depthOf(text) > mostDepth) throw unsound(what, "nests deeper than a list does");
  const parsed = parse(text, what);
  if (isTooBroad(parsed)) throw unsound(what, "names more than a list does");
  if (hasSpecialName(parsed)) throw unsound(what, "has a name that no list has");
}

function decode(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw unsound(what, "is not text", cause);
  }
}

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unsound(what, "is not JSON", cause);
  }
}

function depthOf(text: string): number {
  let [depth, deepest, quoted] = [0, 0, false];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (quoted && code === backslash) at += 1;
    else if (code === quote) quoted = !quoted;
    else if (!quoted && openings.has(code)) deepest = Math.max(deepest, ++depth);
    else if (!quoted && closings.has(code)) depth -= 1;
  }
  return deepest;
}

function hasSpecialName(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.hasOwn(value, "__proto__") || Object.values(value).some(hasSpecialName);
}

function unsound(what: string, how: string, cause?: unknown): TradewindError {
  return new TradewindError("repository_refused", `the repository's ${what} ${how}`, { cause });
}
