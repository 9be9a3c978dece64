import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { TradewindError } from "../errors.ts";
import type { BlobSource } from "./blob-store.ts";
import type { Content } from "./bucket.ts";

/** What every place takes in one piece; larger models come in shards. */
export const maxWriteBytes = 4 * 1_073_741_824;

/** Up to this size content is held in memory, so that a library may send it again. */
const smallBytes = 8 * 1_048_576;

/** What is to be written, measured and hashed before the first byte leaves. */
export async function blobContent(source: BlobSource, signal: AbortSignal): Promise<Content> {
  // A copy, so that a caller who goes on using its bytes changes nothing that is under way.
  if (source instanceof Uint8Array) return inMemory(Uint8Array.from(source));
  try {
    return await inFile(source.file, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof TradewindError) throw error;
    throw new TradewindError("blob_invalid", `the file ${source.file} cannot be read`, { cause: error });
  }
}

function inMemory(bytes: Uint8Array): Content {
  refuseLarge(bytes.byteLength);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { bytes: bytes.byteLength, sha256, open: () => bytes };
}

async function inFile(path: string, signal: AbortSignal): Promise<Content> {
  const bytes = await sizeOf(path);
  refuseLarge(bytes);
  if (bytes <= smallBytes) return inMemory(await readFile(path, { signal }));
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { end: bytes - 1, signal })) hash.update(chunk);
  return { bytes, sha256: hash.digest("hex"), open: () => createReadStream(path, { end: bytes - 1 }) };
}

async function sizeOf(path: string): Promise<number> {
  await using file = await open(path, "r");
  const stats = await file.stat();
  if (stats.isFile()) return stats.size;
  throw new TradewindError("blob_invalid", `${path} is no file`);
}

function refuseLarge(bytes: number): void {
  if (bytes <= maxWriteBytes) return;
  throw new TradewindError("blob_invalid", `a blob has at most ${maxWriteBytes} bytes, this has ${bytes}`);
}
