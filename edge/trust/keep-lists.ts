import { join } from "node:path";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { FileSystem } from "../store/file-system.ts";
import { makeLastingFolder, writeLasting } from "../store/write-whole.ts";
import { fileNameOf, mostBytesOf, roleOfFile } from "./list-names.ts";
import type { RawLists } from "./verified-lists.ts";

/** Verified lists lie in a folder of their own for each generation, which is never changed once a state names it. */
export type ListFolder = { readonly fs: FileSystem; readonly folder: string };

const mostFiles = 1_000;

/** What can be read of a generation; whether it is whole and true is for the verification to say. */
export async function readLists({ fs, folder }: ListFolder, generation: number): Promise<RawLists> {
  const place = join(folder, String(generation));
  const names = generation === 0 ? [] : await fs.list(place).catch(() => []);
  const lists = new Map<string, Uint8Array>();
  for (const name of names.slice(0, mostFiles)) {
    const role = roleOfFile(name);
    if (role === undefined) continue;
    const bytes = await fs.read(join(place, name), { maxBytes: mostBytesOf(role) }).catch(() => undefined);
    if (bytes) lists.set(role, bytes);
  }
  return lists;
}

/** Once this returns the folder and all that is in it outlast a power cut; nothing names it yet. */
export async function writeLists(
  { fs, folder }: ListFolder,
  generation: number,
  lists: RawLists,
): Promise<void> {
  const place = join(folder, String(generation));
  try {
    // What a refresh left that was cut short.
    await fs.remove(place);
    await makeLastingFolder(fs, folder);
    await makeLastingFolder(fs, place);
    for (const [role, bytes] of lists) await writeLasting(fs, join(place, fileNameOf(role)), bytes);
    await fs.syncFolder(place);
  } catch (error) {
    await fs.remove(place).catch(() => undefined);
    throw diskFailure(error, place);
  }
}

/** Removes all but the newest generation and the one that a state before this one names. */
export async function sweepLists({ fs, folder }: ListFolder, generation: number): Promise<void> {
  const names = await fs.list(folder).catch(() => []);
  const others = names.filter((name) => /^\d{1,15}$/.test(name) && !isNear(Number(name), generation));
  // What stays is only room on the disk, and the next refresh sweeps again.
  for (const name of others) await fs.remove(join(folder, name)).catch(() => undefined);
}

export function diskFailure(error: unknown, place: string): TradewindError {
  if (error instanceof TradewindError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "no code";
  return new TradewindError("disk_full", `cannot write the signed lists to ${place} (${code})`, {
    cause: error,
    hint: "make room on the disk, or make it writable; what ran before goes on",
  });
}

function isNear(one: number, generation: number): boolean {
  return one === generation || one === generation - 1;
}
