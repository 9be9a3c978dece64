import type { Chance } from "../chance.ts";
import type { Clock } from "../clock.ts";
import { TradewindError } from "../errors.ts";
import { type BlobCalls, createBlobCalls } from "./blob-calls.ts";
import { blobContent } from "./blob-content.ts";
import { checkFolder, checkKey, nameOf } from "./blob-key.ts";
import type {
  BlobEntry,
  BlobSource,
  BlobStore,
  CallOptions,
  DownloadOptions,
  ListOptions,
  RangeOptions,
  ReadOptions,
  StoredBlob,
} from "./blob-store.ts";
import type { Bucket } from "./bucket.ts";
import { listBucket } from "./list-bucket.ts";
import { type OpenBody, openBody } from "./open-body.ts";
import { saveFile } from "./save-file.ts";

export type BlobStoreParts = {
  readonly bucket: Bucket;
  /** Before every key: `""`, or ends in a slash. */
  readonly base: string;
  /** The address, fit for a message. */
  readonly where: string;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly timeoutMs: number;
  readonly stallMs: number;
};

type Parts = BlobStoreParts & { readonly calls: BlobCalls };

/** Slower than a hundred bytes in a millisecond, an upload has stalled. */
const uploadBytesPerMs = 100;

/** All that the places have in common: what is checked, bounded, given up, taken up again and translated. */
export function createBlobStore(given: BlobStoreParts): BlobStore {
  const parts: Parts = { ...given, calls: createBlobCalls(given) };
  return {
    list: (folder, options) => list(parts, folder, options),
    read: (key, options) => read(parts, key, options),
    readRange: (key, options) => readRange(parts, key, options),
    download: (key, path, options) => download(parts, key, path, options),
    write: (key, source, options) => write(parts, key, source, options),
    delete: (key, options) => remove(parts, key, options),
    close: parts.calls.close,
    [Symbol.asyncDispose]: parts.calls.close,
  };
}

async function list(parts: Parts, folder: string, options: ListOptions): Promise<readonly BlobEntry[]> {
  const { bucket, base, calls } = parts;
  const { signal, maxEntries = 10_000 } = options;
  checkFolder(folder);
  const alive = calls.enter(signal);
  const page: Bucket["page"] = (request) =>
    calls.attempt(alive, (one) => bucket.page({ ...request, signal: one }));
  return calls.translated({ signal, what: `list of ${folder || "blobs"}` }, () =>
    listBucket(page, { base, folder, maxEntries, signal: alive }),
  );
}

async function read(parts: Parts, key: string, options: ReadOptions) {
  const whole = await openWhole(parts, key, options);
  const bytes = new Uint8Array(whole.bytes);
  let at = 0;
  for await (const chunk of whole.body) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return { bytes, version: whole.version };
}

async function readRange(parts: Parts, key: string, { start, end, version, signal }: RangeOptions) {
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end <= start) {
    throw new TradewindError("blob_invalid", `${start} to ${end} is no range of bytes`);
  }
  const { discard: _, ...range } = await openBody(parts, key, { version, range: { start, end }, signal });
  return range;
}

async function download(
  parts: Parts,
  key: string,
  path: string,
  options: DownloadOptions,
): Promise<StoredBlob> {
  const { signal, sha256: wanted } = options;
  if (wanted !== undefined && !/^[0-9a-f]{64}$/i.test(wanted)) {
    throw new TradewindError("blob_invalid", "a sha256 has 64 hex digits");
  }
  const { body, version, discard } = await openWhole(parts, key, options);
  try {
    const { bytes, sha256 } = await saveFile(path, body, { signal, chance: parts.chance, sha256: wanted });
    return { bytes, sha256, version };
  } finally {
    discard();
  }
}

async function write(
  parts: Parts,
  key: string,
  source: BlobSource,
  { signal }: CallOptions,
): Promise<StoredBlob> {
  const { bucket, base, calls } = parts;
  checkKey(key);
  const name = nameOf(base, key);
  const alive = calls.enter(signal);
  return calls.translated({ signal, what: key }, async () => {
    const content = await blobContent(source, alive);
    const { bytes, sha256 } = content;
    const put = (one: AbortSignal) => bucket.put(name, content, { signal: one });
    return { bytes, sha256, version: await calls.attempt(alive, put, bytes / uploadBytesPerMs) };
  });
}

async function remove(parts: Parts, key: string, { signal }: CallOptions): Promise<void> {
  const { bucket, base, calls } = parts;
  checkKey(key);
  const name = nameOf(base, key);
  const alive = calls.enter(signal);
  await calls.translated({ signal, what: key }, () =>
    calls.attempt(alive, (one) => bucket.remove(name, { signal: one })),
  );
}

/** What is too large is refused before its first byte. */
async function openWhole(parts: Parts, key: string, options: ReadOptions): Promise<OpenBody> {
  const { maxBytes, version, signal } = options;
  const whole = await openBody(parts, key, { version, range: undefined, signal });
  if (whole.totalBytes <= maxBytes) return whole;
  whole.discard();
  const found = `${key} in ${parts.where} has ${whole.totalBytes} bytes`;
  throw new TradewindError("blob_invalid", `${found}, at most ${maxBytes} are taken`);
}
