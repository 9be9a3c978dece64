import { dirname, join } from "node:path/posix";
import type { SourceFile } from "./source-files.ts";
import { codeWithStrings } from "./source-tokens.ts";

/** One file of ours that another names: imported, exported from, loaded later, or started as a worker or process. */
export type Import = { readonly from: string; readonly to: string };

/** How a module can be named; the first group is the specifier. */
const forms: readonly RegExp[] = [
  /\bimport\s+(?:type\s+)?[\w$*{][^"();]*?\bfrom\s*"([^"]*)"/g,
  /\bexport\s+(?:type\s+)?[*{][^"();]*?\bfrom\s*"([^"]*)"/g,
  /\bimport\s*"([^"]*)"/g,
  /\b(?:import|require|import\.meta\.resolve)\s*\(\s*"([^"]*)"/g,
  /\bnew\s+URL\(\s*"(\.[^"]*)"\s*,\s*import\.meta\.url/g,
];

/** `entryPoint()` adds the ending itself. */
const entryPoints = /\bentryPoint\(\s*"(\.[^"]*)"/g;

/** The files of the tree that a file names, by path from the root; packages and Node's own modules are left out. */
export function importsOf({ path, text }: SourceFile): readonly Import[] {
  const code = codeWithStrings(text);
  const named = forms.flatMap((form) => [...code.matchAll(form)].map(([, specifier = ""]) => specifier));
  const started = [...code.matchAll(entryPoints)].map(([, specifier = ""]) => `${specifier}.ts`);
  return [...named, ...started].flatMap((specifier) => {
    const to = resolve(path, specifier);
    return to === undefined ? [] : [{ from: path, to }];
  });
}

/** Loads whose module only the running program knows; no reader can tell where they lead. */
export function blindImports({ text }: SourceFile): number {
  return [...codeWithStrings(text).matchAll(/\bimport\s*\(\s*(?!")/g)].length;
}

function resolve(path: string, specifier: string): string | undefined {
  if (specifier.startsWith("#")) return specifier.slice(1);
  if (specifier.startsWith(".")) return join(dirname(path), specifier);
  return undefined;
}
