import { access, constants, mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { TradewindError } from "./errors.ts";

/**
 * Makes a folder for its owner alone, with those above it, or says why that can't be. Node's own recursive mkdir tries
 * for ever where a parent exists but denies that its children could (under /proc), so the parents are walked here.
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    for (const missing of await missingFolders(folder)) await makeOne(missing);
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? "unknown reason";
    const hint = "choose another folder with --data";
    throw new TradewindError("folder_unusable", `cannot write to the folder ${folder} (${reason})`, {
      cause,
      hint,
    });
  }
}

/** From the outermost to the innermost. */
async function missingFolders(folder: string): Promise<string[]> {
  const missing: string[] = [];
  for (let at = folder; !(await exists(at)); at = dirname(at)) missing.unshift(at);
  return missing;
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT" && path !== dirname(path)) return false;
    throw error;
  }
}

/** Somebody else making it at the same time is as good. */
async function makeOne(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
}
