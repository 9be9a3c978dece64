import { TradewindError } from "../errors.ts";
import { isKey } from "./blob-key.ts";
import type { BlobEntry } from "./blob-store.ts";
import type { Bucket, Found } from "./bucket.ts";

export type ListRequest = {
  readonly base: string;
  readonly folder: string;
  readonly maxEntries: number;
  readonly signal: AbortSignal;
};

/** A store that pages for ever, with little or nothing on each, is left here. */
const maxPages = 1_000;

/** Page after page, bounded; what no key can name (folder markers, hidden files) is passed over. */
export async function listBucket(page: Bucket["page"], request: ListRequest): Promise<readonly BlobEntry[]> {
  const { base, folder, maxEntries, signal } = request;
  const prefix = base + folder;
  const entries: BlobEntry[] = [];
  let seen = 0;
  let token: string | undefined;
  for (let pages = 0; pages < maxPages; pages += 1) {
    const { found, next } = await page({ prefix, token, limit: maxEntries - seen + 1, signal });
    seen += found.length;
    if (seen > maxEntries) throw tooMany(folder, maxEntries);
    for (const one of found) if (isOurs(one, base, prefix)) entries.push(entryOf(one, base));
    if (next === undefined) return entries.sort(byKey);
    token = next;
  }
  throw tooMany(folder, maxEntries);
}

function isOurs({ name }: Found, base: string, prefix: string): boolean {
  return name.startsWith(prefix) && isKey(name.slice(base.length));
}

function entryOf({ name, bytes, version, modifiedAt }: Found, base: string): BlobEntry {
  return { key: name.slice(base.length), bytes, version, modifiedAt };
}

/** By code unit: the places themselves don't agree on an order. */
function byKey(one: BlobEntry, other: BlobEntry): number {
  if (one.key === other.key) return 0;
  return one.key < other.key ? -1 : 1;
}

function tooMany(folder: string, maxEntries: number): TradewindError {
  const where = folder === "" ? "the store" : folder;
  return new TradewindError(
    "blob_invalid",
    `${where} holds more than the ${maxEntries} blobs that may be listed`,
  );
}
