import { createHash } from "node:crypto";
import type { FileSystem } from "./file-system.ts";
import { isAway } from "./shelf-item.ts";

export type FileDigest = { readonly sha256: string; readonly bytes: number };

const pieceBytes = 1_048_576;

/** Of the whole file as it lies there now; undefined where it cannot be read. */
export async function digestFile(
  fs: FileSystem,
  path: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<FileDigest | undefined> {
  try {
    return await digestPieces(fs, path, signal);
  } catch (error) {
    if (isAway(error)) return undefined;
    throw error;
  }
}

async function digestPieces(fs: FileSystem, path: string, signal: AbortSignal): Promise<FileDigest> {
  await using file = await fs.open(path, { readOnly: true });
  const hash = createHash("sha256");
  let bytes = 0;
  for (;;) {
    signal.throwIfAborted();
    const piece = await file.readAt(bytes, pieceBytes);
    if (piece.byteLength === 0) return { sha256: hash.digest("hex"), bytes };
    hash.update(piece);
    bytes += piece.byteLength;
  }
}
