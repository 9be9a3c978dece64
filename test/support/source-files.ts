import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** One file of the tree, by its path from the root with `/` between. */
export type SourceFile = { readonly path: string; readonly text: string };

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** What is made, fetched or another tool's is no source. The tree is walked rather than asked of git, so that a tarball can be tested too. */
const foreign = new Set(["node_modules", "dist", "coverage", "results"]);

/** Every file below a folder of the tree whose name ends so, in the order of paths; none where the folder is not there. */
export function sourceFiles(folder: string, ending: string): readonly SourceFile[] {
  return paths(join(root, folder))
    .filter((path) => path.endsWith(ending))
    .sort()
    .map((path) => ({ path: relative(root, path).split(sep).join("/"), text: readFileSync(path, "utf8") }));
}

/** The five folders that are the product. */
export const productFolders = ["gateway", "adapters", "inference", "edge", "infra"] as const;

export function productFiles(): readonly SourceFile[] {
  return productFolders.flatMap((folder) => sourceFiles(folder, ".ts"));
}

function paths(folder: string): readonly string[] {
  return entries(folder).flatMap((entry) => {
    if (entry.name.startsWith(".") || foreign.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? paths(path) : [path];
  });
}

function entries(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
