import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import { listFolder, listKey, readListName } from "./list-names.ts";
import { type AnyList, encodeList } from "./lists.ts";
import type { Call, Repository } from "./repository.ts";

/** Versions of each role's lists that lie in the store, the newest first; nothing is said of what they hold. */
export type Versions = ReadonlyMap<string, readonly number[]>;

/** What readers take of a list at most, by its role. */
export const mostListBytes = { root: 512_000, timestamp: 16_384, snapshot: 2_000_000, targets: 5_000_000 };

export async function versionsInStore({ store }: Repository, { signal }: Call): Promise<Versions> {
  const entries = await store.list(listFolder, { maxEntries: mostLists, signal });
  const names = entries.map(({ key }) => readListName(key)).filter((name) => name !== undefined);
  const grouped = Map.groupBy(names, ({ role }) => role);
  return new Map(
    [...grouped].map(([role, all]) => [role, all.map(({ version }) => version).sort((a, b) => b - a)]),
  );
}

export function newestOf(versions: Versions, role: string): number {
  return versions.get(role)?.[0] ?? 0;
}

/** The first version after another one under which nothing lies: not even what nobody signed is written over. */
export function nextVersion(versions: Versions, role: string, after: number): number {
  const taken = new Set(versions.get(role));
  let version = after + 1;
  while (taken.has(version)) version += 1;
  return version;
}

/** Undefined where there is none; a list that cannot be read is `repository_refused`. */
export async function readFromStore<List extends AnyList>(
  { store }: Repository,
  key: string,
  {
    read,
    maxBytes,
    signal,
  }: Call & { readonly read: (bytes: Uint8Array) => List; readonly maxBytes: number },
): Promise<List | undefined> {
  const bytes = await bytesAt({ store }, key, { maxBytes, signal });
  if (!bytes) return undefined;
  const list = read(bytes);
  const named = readListName(key)?.version ?? list.signed.version;
  if (named === list.signed.version) return list;
  throw new TradewindError(
    "repository_refused",
    `${key} says of itself that it is version ${list.signed.version}`,
  );
}

export async function bytesAt(
  { store }: Pick<Repository, "store">,
  key: string,
  { maxBytes, signal }: Call & { readonly maxBytes: number },
): Promise<Uint8Array | undefined> {
  try {
    return (await store.read(key, { maxBytes, signal })).bytes;
  } catch (error) {
    if (asTradewindError(error).code === "blob_missing") return undefined;
    throw error;
  }
}

/**
 * A list under a name of its own, which is never written over: the same bytes are there already, or it is
 * `record_exists`.
 */
export async function writeNewList(
  { store }: Repository,
  role: string,
  list: AnyList,
  { signal }: Call,
): Promise<string> {
  const key = listKey({ role, version: list.signed.version });
  const bytes = encodeList(list);
  const there = await bytesAt({ store }, key, { maxBytes: mostListBytes.targets, signal });
  if (there === undefined) await store.write(key, bytes, { signal });
  else if (!Buffer.from(there).equals(bytes)) throw taken(key);
  return key;
}

/** Names of lists; one more with each thing that is published and twice a week besides. */
const mostLists = 100_000;

function taken(key: string): TradewindError {
  return new TradewindError(
    "record_exists",
    `there is another ${key} already: somebody publishes at the same time`,
    {
      hint: "do it again, which takes the next version",
    },
  );
}
