import type { Dirent } from "node:fs";
import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";
import { TradewindError } from "../../errors.ts";
import type { Found } from "../bucket.ts";
import { statusOf } from "./errors.ts";
import { isDetour } from "./paths.ts";
import { versionOf } from "./version.ts";

export type Walk = {
  readonly root: string;
  /** `""`, or ends in a slash. */
  readonly prefix: string;
  /** The walk ends when it has found so many. */
  readonly limit: number;
  readonly signal: AbortSignal;
};

/** Links and empty folders are no blobs, but each costs a look: so many for every blob that may be found. */
const looksPerBlob = 10;

/** The files below a folder; a folder that is not there has none. */
export async function walk({ root, prefix, limit, signal }: Walk): Promise<readonly Found[]> {
  const found: Found[] = [];
  const folders = [prefix];
  let looks = limit * looksPerBlob;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for await (const entry of entriesOf(join(root, folder))) {
      signal.throwIfAborted();
      looks -= 1;
      if (looks < 0) throw endless(prefix);
      if (isFolder(entry)) folders.push(`${folder}${entry.name}/`);
      if (isFile(entry)) found.push(...(await look(root, folder + entry.name)));
      if (found.length >= limit) return found;
    }
  }
  return found;
}

/** Hidden ones are no keys, and the unfinished files are among them. */
function isFolder(entry: Dirent): boolean {
  return entry.isDirectory() && !entry.name.startsWith(".");
}

function isFile(entry: Dirent): boolean {
  return entry.isFile() && !entry.name.startsWith(".");
}

async function* entriesOf(folder: string): AsyncGenerator<Dirent> {
  const path = folder.replace(/[/\\]$/, "");
  if (await isDetour(path)) return;
  try {
    yield* await opendir(path);
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
  }
}

/** Gone since its folder was read: none. */
async function look(root: string, name: string): Promise<readonly Found[]> {
  try {
    const stats = await lstat(join(root, name), { bigint: true });
    if (!stats.isFile()) return [];
    const modifiedAt = Number(stats.mtimeNs / 1_000_000n);
    return [{ name, bytes: Number(stats.size), version: versionOf(stats), modifiedAt }];
  } catch (error) {
    if (statusOf(error) === 404) return [];
    throw error;
  }
}

function endless(prefix: string): TradewindError {
  const where = prefix === "" ? "the folder" : prefix;
  return new TradewindError("blob_invalid", `${where} holds too much that is no blob to be listed`);
}
