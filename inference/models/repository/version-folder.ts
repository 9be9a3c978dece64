import { opendir, stat } from "node:fs/promises";
import { join } from "node:path";
import { TradewindError } from "#infra/runtime/errors.ts";
import { isFilePath } from "./model-name.ts";
import { type FileFacts, mostFilesOfVersion } from "./model-source.ts";

/** The files of one version that can be loaded, or nothing where there is no model.onnx. */
export async function filesOfVersion(
  folder: string,
  what: string,
): Promise<readonly FileFacts[] | undefined> {
  if (!(await factsOf(folder, "model.onnx"))) return undefined;
  const files: FileFacts[] = [];
  await gather(folder, "", files);
  if (files.length <= mostFilesOfVersion) return files;
  throw new TradewindError("model_unusable", `${what} has more than ${mostFilesOfVersion} files`);
}

/** A file as it is now; undefined where there is none. */
export async function factsOf(folder: string, path: string): Promise<FileFacts | undefined> {
  const found = await stat(join(folder, path), { bigint: true }).catch(() => undefined);
  if (!found?.isFile()) return undefined;
  // A file that is written anew in place keeps its inode, one that is moved in may keep its time.
  const mark = `${found.ino} ${found.mtimeNs} ${found.ctimeNs}`;
  return { path, bytes: Number(found.size), mark };
}

/** Names in a folder, one more than the bound at most: a folder may hold millions. */
export async function namesIn(folder: string, most: number): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of await opendir(folder)) {
    names.push(name);
    if (names.length > most) break;
  }
  return names.sort();
}

/** Folders in it are entered as far as a path may be deep, so links that lead back end too. */
async function gather(root: string, under: string, files: FileFacts[]): Promise<void> {
  const names = await namesIn(join(root, under), mostFilesOfVersion).catch(() => []);
  for (const name of names) {
    const path = under + name;
    if (files.length > mostFilesOfVersion || !isFilePath(path)) continue;
    const facts = await factsOf(root, path);
    if (facts) files.push(facts);
    else await gather(root, `${path}/`, files);
  }
}
