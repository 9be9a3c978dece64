import { importsOf } from "./imports.ts";
import type { SourceFile } from "./source-files.ts";

/** Every file that one leads to by what it imports, loads later or starts, each with the way there. */
export function reachedFrom(
  start: string,
  files: readonly SourceFile[],
): ReadonlyMap<string, readonly string[]> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const ways = new Map<string, readonly string[]>(byPath.has(start) ? [[start, [start]]] : []);
  // What is added to a map while it is walked is walked too.
  for (const [path, way] of ways) {
    const file = byPath.get(path);
    for (const { to } of file ? importsOf(file) : [])
      if (byPath.has(to) && !ways.has(to)) ways.set(to, [...way, to]);
  }
  return ways;
}
