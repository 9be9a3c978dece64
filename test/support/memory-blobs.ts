import { createHash } from "node:crypto";
import type { BlobStore } from "#infra/runtime/blobs/blob-store.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

export type MemoryBlobs = BlobStore & {
  readonly blobs: Map<string, Uint8Array>;
  /** Keys in the order of their writing, each as often as it was written. */
  readonly written: string[];
  readonly reads: string[];
};

export type MemoryBlobsOptions = {
  readonly blobs?: Map<string, Uint8Array>;
  /** Before a blob is written; what it throws keeps it from being written. */
  readonly beforeWrite?: (key: string) => Promise<void> | void;
  /** Before the bytes of a range leave, in pieces of so many. */
  readonly chunkBytes?: number;
};

/** Blobs that end with the test, some of which may not be written. */
export function createMemoryBlobs(options: MemoryBlobsOptions = {}): MemoryBlobs {
  const { blobs = new Map<string, Uint8Array>(), beforeWrite, chunkBytes = 1_000 } = options;
  const [written, reads]: [string[], string[]] = [[], []];
  const find = (key: string): Uint8Array => {
    reads.push(key);
    const bytes = blobs.get(key);
    if (bytes) return bytes;
    throw new TradewindError("blob_missing", `there is no ${key}`);
  };
  return {
    blobs,
    written,
    reads,
    list: async (folder) =>
      [...blobs]
        .filter(([key]) => key.startsWith(folder))
        .map(([key, bytes]) => ({ key, bytes: bytes.byteLength, version: hash(bytes), modifiedAt: 0 })),
    read: async (key, { maxBytes }) => {
      const bytes = find(key);
      if (bytes.byteLength > maxBytes) throw new TradewindError("blob_invalid", `${key} is too large`);
      return { bytes, version: hash(bytes) };
    },
    readRange: async (key, { start, end, signal }) => {
      const bytes = find(key);
      const part = bytes.subarray(start, Math.min(end, bytes.byteLength));
      const body = inChunks(part, chunkBytes, signal);
      return { version: hash(bytes), start, bytes: part.byteLength, totalBytes: bytes.byteLength, body };
    },
    write: async (key, source) => {
      if (!(source instanceof Uint8Array)) throw new Error("only bytes");
      await beforeWrite?.(key);
      blobs.set(key, Uint8Array.from(source));
      written.push(key);
      return { bytes: source.byteLength, sha256: hash(source), version: hash(source) };
    },
    download: () => Promise.reject(new Error("no files here")),
    delete: async (key) => void blobs.delete(key),
    close: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function* inChunks(bytes: Uint8Array, size: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) {
    signal.throwIfAborted();
    yield bytes.subarray(at, at + size);
  }
}

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
