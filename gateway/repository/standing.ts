import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import { listKey, timestampKey } from "./list-names.ts";
import {
  isFamilysOwn,
  isSignedFor,
  type RootList,
  readRoot,
  readSnapshot,
  readTargets,
  readTimestamp,
  type SnapshotList,
  type TargetsList,
  type TimestampList,
} from "./lists.ts";
import { mostListBytes, readFromStore, type Versions, versionsInStore } from "./lists-in-store.ts";
import type { Call, Refusal, Repository } from "./repository.ts";

/** What stands in the store and holds: whatever does not is as good as not there, and is told. */
export type Standing = {
  readonly root: RootList;
  readonly versions: Versions;
  /** As the newest root's online keys signed them. */
  readonly timestamp: TimestampList | undefined;
  readonly snapshot: SnapshotList | undefined;
  /** Of the timestamp that lies there, if this root's online keys signed it, or those of a root before; else 0. */
  readonly timestampVersion: number;
  /** Of whatever lies there. */
  readonly timestampThere: number | undefined;
  /** The version of each role that devices may have seen. */
  readonly named: ReadonlyMap<string, number>;
  readonly refused: readonly Refusal[];
};

export async function readStanding(repository: Repository, call: Call): Promise<Standing> {
  const versions = await versionsInStore(repository, call);
  const { root, before, refused } = await readRoots(repository, versions, call);
  const found = await readTimestampThere(repository, call);
  const timestamp = found && isSignedFor(root, "timestamp", found) ? found : undefined;
  const snapshot = timestamp && (await readNamedSnapshot(repository, { root, timestamp }, call));
  const named = new Map(
    Object.entries(snapshot?.signed.meta ?? {}).map(([file, { version }]) => [file.slice(0, -5), version]),
  );
  const isOurs = found && [root, ...before].some((one) => isSignedFor(one, "timestamp", found));
  const timestampVersion = isOurs ? found.signed.version : 0;
  const timestampThere = found?.signed.version;
  return { root, versions, timestamp, snapshot, timestampVersion, timestampThere, named, refused };
}

/** Undefined where what lies there is none. */
export async function readTimestampThere(
  repository: Repository,
  { signal }: Call,
): Promise<TimestampList | undefined> {
  const reading = { read: readTimestamp, maxBytes: mostListBytes.timestamp, signal };
  return await tolerated(() => readFromStore(repository, timestampKey, reading));
}

/** Who a model family's list is to be signed by is said in here. */
export async function readNewestTargets(
  repository: Repository,
  { root, versions }: Pick<Standing, "root" | "versions">,
  call: Call,
): Promise<TargetsList> {
  for (const version of (versions.get("targets") ?? []).slice(0, mostTries)) {
    const list = await readTargetsVersion(repository, { role: "targets", version }, call);
    if (list && isSignedFor(root, "targets", list)) return list;
  }
  throw new TradewindError(
    "repository_refused",
    "no list of targets here is signed by the keys that the root names",
    {
      hint: "sign one with: tradewind models rotate targets",
    },
  );
}

/** The newest list of a family that its keys signed, whether or not a snapshot names it yet. */
export async function readNewestFamily(
  repository: Repository,
  { targets, versions }: { readonly targets: TargetsList; readonly versions: Versions },
  { model, signal }: Call & { readonly model: string },
): Promise<TargetsList | undefined> {
  for (const version of (versions.get(model) ?? []).slice(0, mostTries)) {
    const list = await readTargetsVersion(repository, { role: model, version }, { signal });
    if (list && isFamilysOwn(targets, model, list)) return list;
  }
  return undefined;
}

/** Undefined also for what is no list at all. */
export async function readTargetsVersion(
  repository: Repository,
  name: { readonly role: string; readonly version: number },
  { signal }: Call,
): Promise<TargetsList | undefined> {
  const reading = { read: readTargets, maxBytes: mostListBytes.targets, signal };
  return await tolerated(() => readFromStore(repository, listKey(name), reading));
}

/** Whoever may write to the store could lay any number of lists there that nobody signed. */
export const mostTries = 20;

export type Roots = {
  readonly root: RootList;
  /** Those that came before it, the last one first. */
  readonly before: readonly RootList[];
  readonly refused: readonly Refusal[];
};

/** From the first to the newest that the one before it vouches for, as devices follow them. */
export async function readRoots(
  repository: Repository,
  versions: Versions,
  { signal }: Call,
): Promise<Roots> {
  const reading = { read: readRoot, maxBytes: mostListBytes.root, signal };
  const first = await readFromStore(repository, listKey({ role: "root", version: 1 }), reading);
  if (!first || !isSignedFor(first, "root", first)) throw noRepository();
  let root = first;
  const before: RootList[] = [];
  for (let version = 2; versions.get("root")?.includes(version); version += 1) {
    const key = listKey({ role: "root", version });
    const next = await tolerated(() => readFromStore(repository, key, reading));
    if (!next || !isSignedFor(root, "root", next) || !isSignedFor(next, "root", next)) {
      return {
        root,
        before,
        refused: [{ key, why: "it lacks signatures of the root before it, or of itself" }],
      };
    }
    before.unshift(root);
    root = next;
  }
  return { root, before, refused: [] };
}

async function readNamedSnapshot(
  repository: Repository,
  { root, timestamp }: { readonly root: RootList; readonly timestamp: TimestampList },
  { signal }: Call,
): Promise<SnapshotList | undefined> {
  const { version } = timestamp.signed.snapshotMeta;
  const reading = { read: readSnapshot, maxBytes: mostListBytes.snapshot, signal };
  const key = listKey({ role: "snapshot", version });
  const list = await tolerated(() => readFromStore(repository, key, reading));
  return list && isSignedFor(root, "snapshot", list) ? list : undefined;
}

/** What is torn is as good as missing; a store that cannot be reached is not. */
async function tolerated<Found>(read: () => Promise<Found | undefined>): Promise<Found | undefined> {
  try {
    return await read();
  } catch (thrown) {
    const error = asTradewindError(thrown);
    if (error.code === "repository_refused" || error.code === "blob_invalid") return undefined;
    throw error;
  }
}

function noRepository(): TradewindError {
  return new TradewindError(
    "repository_refused",
    "there is no repository here: 1.root.json is missing or not signed",
    {
      hint: "make one with: tradewind models repository",
    },
  );
}
