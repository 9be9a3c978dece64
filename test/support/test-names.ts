import type { SourceFile } from "./source-files.ts";
import { tokens } from "./source-tokens.ts";

export type TestName = { readonly path: string; readonly name: string };

/** A call that takes a test's name next: `test(`, `it.skipIf(x)(`, the second call of `test.each([...])(`. */
const takesName = /(?:\b(?:test|it)(?:\.\w+(?:\([^()]*\))?)*|\]\)|\bholds)\(\s*$/;

/** The names of all tests as they are written, placeholders included. */
export function testNames(files: readonly SourceFile[]): readonly TestName[] {
  return files.flatMap(({ path, text }) => {
    const parts = tokens(text).filter(({ kind }) => kind !== "comment");
    return parts.flatMap((part, place) => {
      const before = parts[place - 1];
      const named = part.kind === "string" && before?.kind === "code" && takesName.test(before.text);
      return named ? [{ path, name: part.text + restOfTemplate(parts.slice(place)) }] : [];
    });
  });
}

/** What is wrong with the names of a suite, one line each. */
export function nameViolations(names: readonly TestName[]): readonly string[] {
  const first = new Map<string, string>();
  return names.flatMap(({ path, name }) => {
    const twin = first.get(name);
    first.set(name, twin ?? path);
    return [
      ...(twin === undefined ? [] : [`"${name}" stands in ${twin} and in ${path}`]),
      ...(/\bshould\b/.test(name) ? [`"${name}" in ${path} says what should be, not what is`] : []),
    ];
  });
}

/** Up to the comma that ends the name, so that two names that differ only after a placeholder differ here too. */
function restOfTemplate(parts: readonly { readonly kind: string; readonly text: string }[]): string {
  const end = parts.findIndex(({ kind, text }) => kind === "code" && /^\s*[,)]/.test(text));
  return parts
    .slice(1, end === -1 ? 1 : end)
    .map(({ text }) => text)
    .join("");
}
