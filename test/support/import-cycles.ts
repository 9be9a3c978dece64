import { importsOf } from "./imports.ts";
import type { SourceFile } from "./source-files.ts";

/** Every ring of files that name each other, each once, as `a -> b -> a`. */
export function importCycles(files: readonly SourceFile[]): readonly string[] {
  const edges = new Map(files.map((file) => [file.path, importsOf(file).map(({ to }) => to)]));
  const done = new Set<string>();
  const rings: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const before = trail.indexOf(path);
    if (before !== -1) rings.push([...trail.slice(before), path].join(" -> "));
    if (before !== -1 || done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return rings;
}
