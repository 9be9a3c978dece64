import { lstat, mkdir, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { TradewindError } from "../../errors.ts";
import { statusOf } from "./errors.ts";

/** With a link anywhere in it, or in another case than on disk, a path is not its own real path. */
export async function isDetour(path: string): Promise<boolean> {
  try {
    return (await realpath(path)) !== path;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}

/** Makes the folders above a blob one by one, each seen to be a folder and no link before the next is made in it. */
export async function prepare(root: string, name: string): Promise<void> {
  let at = root;
  const above = dirname(name);
  for (const segment of above === "." ? [] : above.split("/")) {
    at = join(at, segment);
    await mkdir(at).catch(unlessThere);
    if (!(await lstat(at)).isDirectory()) throw inTheWay(name);
  }
  if (await isFolder(join(root, name))) throw inTheWay(name);
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory();
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}

/** A cloud can hold both `a` and `a/b`, a folder can't. */
function inTheWay(name: string): TradewindError {
  return new TradewindError("blob_invalid", `something is in the way of ${name} in this folder`, {
    hint: "no key may go on where another ends",
  });
}
