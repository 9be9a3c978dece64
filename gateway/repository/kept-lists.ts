import { createHash } from "node:crypto";
import type { BlobStore } from "#infra/runtime/blobs/blob-store.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { bytesAt, mostListBytes } from "./lists-in-store.ts";

export type KeptList = { readonly bytes: Uint8Array; readonly etag: string };

/** Signed lists in memory, so that a thousand devices that ask at once cost the store one answer. */
export type KeptLists = {
  /** Undefined where there is none. */
  readonly find: (
    key: string,
    options: { readonly isImmutable: boolean; readonly signal: AbortSignal },
  ) => Promise<KeptList | undefined>;
};

export type KeptListsOptions = {
  readonly blobs: BlobStore;
  readonly clock: Pick<Clock, "elapsed">;
  /** For so long a list that may change, or that is not there, is not asked for again. */
  readonly freshMs?: number;
  readonly mostBytes?: number;
};

type Entry = {
  readonly list: Promise<KeptList | undefined>;
  until: number;
  bytes: number;
};

export function keepLists({
  blobs,
  clock,
  freshMs = 1_000,
  mostBytes = 32 * 1_048_576,
}: KeptListsOptions): KeptLists {
  const entries = new Map<string, Entry>();
  let bytes = 0;
  const drop = (key: string, entry: Entry | undefined): void => {
    if (!entry || entries.get(key) !== entry) return;
    entries.delete(key);
    bytes -= entry.bytes;
  };
  const makeRoom = (): void => {
    for (const [key, entry] of entries) {
      if (bytes <= mostBytes && entries.size <= mostEntries) return;
      drop(key, entry);
    }
  };
  const settle = (key: string, entry: Entry, found: KeptList | undefined, isImmutable: boolean): void => {
    if (entries.get(key) !== entry) return;
    entry.until = found && isImmutable ? Number.POSITIVE_INFINITY : clock.elapsed() + freshMs;
    entry.bytes += found?.bytes.byteLength ?? 0;
    bytes += found?.bytes.byteLength ?? 0;
    makeRoom();
  };
  return {
    find: (key, { isImmutable, signal }) => {
      const known = entries.get(key);
      if (known && known.until > clock.elapsed()) return known.list;
      drop(key, known);
      // Whoever asks with this one goes on waiting when the first of them leaves, so it ends with none of them.
      const list = readList(blobs, key, AbortSignal.timeout(readMs));
      const entry: Entry = { list, until: Number.POSITIVE_INFINITY, bytes: 0 };
      entries.set(key, entry);
      list.then(
        (found) => settle(key, entry, found, isImmutable),
        () => drop(key, entry),
      );
      signal.throwIfAborted();
      return list;
    },
  };
}

const mostEntries = 2_000;
const readMs = 20_000;

async function readList(blobs: BlobStore, key: string, signal: AbortSignal): Promise<KeptList | undefined> {
  const bytes = await bytesAt({ store: blobs }, key, { maxBytes: mostListBytes.targets, signal });
  return bytes && { bytes, etag: `"${createHash("sha256").update(bytes).digest("hex")}"` };
}
