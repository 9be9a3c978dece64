import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Chance } from "../chance.ts";
import { TradewindError } from "../errors.ts";

export type SaveOptions = {
  readonly signal: AbortSignal;
  readonly chance: Chance;
  /** In hex. */
  readonly sha256?: string | undefined;
};

export type Saved = { readonly bytes: number; readonly sha256: string; readonly stats: BigIntStats };

/**
 * Writes a file beside its place under a hidden name, and moves it there when it is whole, as wanted and on disk. After
 * a failure nothing is left; after a crash at most a file named `.<16 hex digits>.part`.
 */
export async function saveFile(
  path: string,
  body: AsyncIterable<Uint8Array>,
  options: SaveOptions,
): Promise<Saved> {
  const part = join(dirname(path), `.${Buffer.from(options.chance.bytes(8)).toString("hex")}.part`);
  try {
    const saved = await fill(part, body, options);
    options.signal.throwIfAborted();
    await rename(part, path);
    await syncFolder(dirname(path));
    return saved;
  } catch (error) {
    await rm(part, { force: true });
    options.signal.throwIfAborted();
    throw error instanceof TradewindError ? error : unwritable(path, error);
  }
}

async function fill(
  part: string,
  body: AsyncIterable<Uint8Array>,
  { sha256, signal }: SaveOptions,
): Promise<Saved> {
  await using file = await open(part, "wx");
  const { bytes, digest } = await pour(body, file, signal);
  if (sha256 !== undefined && sha256.toLowerCase() !== digest) {
    throw new TradewindError("blob_invalid", `the blob's sha256 is ${digest}, wanted ${sha256}`);
  }
  await file.sync();
  return { bytes, sha256: digest, stats: await file.stat({ bigint: true }) };
}

async function pour(
  body: AsyncIterable<Uint8Array>,
  file: FileHandle,
  signal: AbortSignal,
): Promise<{ bytes: number; digest: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of body) {
    signal.throwIfAborted();
    hash.update(chunk);
    bytes += chunk.byteLength;
    await file.writeFile(chunk);
  }
  return { bytes, digest: hash.digest("hex") };
}

/** A rename is on disk when its folder is; some systems can't say so of a folder. */
async function syncFolder(folder: string): Promise<void> {
  try {
    await using handle = await open(folder, "r");
    await handle.sync();
  } catch (error) {
    if (!["EISDIR", "EPERM", "EINVAL", "EACCES"].includes(codeOf(error))) throw error;
  }
}

function unwritable(path: string, cause: unknown): TradewindError {
  return new TradewindError("folder_unusable", `cannot write ${basename(path)} there (${codeOf(cause)})`, {
    cause,
    hint: `see whether ${dirname(path)} is a folder of this process with room left`,
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown reason";
}
