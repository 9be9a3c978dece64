import { TradewindError } from "#infra/runtime/errors.ts";
import { chooseLists } from "./choose-lists.ts";
import { mostVersion, timestampKey } from "./list-names.ts";
import {
  encodeList,
  expiresAt,
  type RootList,
  type SnapshotList,
  signList,
  snapshotList,
  type TimestampList,
  timestampList,
} from "./lists.ts";
import { nextVersion, writeNewList } from "./lists-in-store.ts";
import { type Lives, usualLives } from "./lives.ts";
import type { Call, Refusal, Repository } from "./repository.ts";
import type { SigningKey } from "./signing-key.ts";
import { readStanding, readTimestampThere, type Standing } from "./standing.ts";

export type FreshenOptions = Call & {
  /** Timestamps that were seen before have lower versions: whoever replaced a newer one by an older is overruled. */
  readonly seen?: number;
  /** Signs all anew, also where it is fresh. */
  readonly isAnew?: boolean;
};

export type Freshened = {
  /** What was written, in order; nothing where all was fresh. */
  readonly wrote: readonly string[];
  /** Versions that are named now, by role. */
  readonly named: ReadonlyMap<string, number>;
  readonly snapshot: number;
  readonly timestamp: number;
  /** Without another freshening, devices take nothing new after it. */
  readonly freshUntilMs: number;
  /** Lists that lie in the store and are not named. */
  readonly refused: readonly Refusal[];
};

/**
 * Names the newest lists that hold, with the online key alone. It may be done at any time and by several at once: a
 * snapshot is never written over, timestamps only grow, and whoever finds another's work begins anew with it.
 */
export async function freshen(
  repository: Repository,
  keys: readonly SigningKey[],
  { signal, seen = 0, isAnew = false }: FreshenOptions,
): Promise<Freshened> {
  for (let tries = 1; ; tries += 1) {
    const freshened = await tryOnce({ repository, keys, call: { signal }, seen, isAnew }).catch(
      (error: unknown) => {
        if (tries < mostTries && error instanceof TradewindError && error.code === "record_exists")
          return undefined;
        throw error;
      },
    );
    if (freshened) return freshened;
    if (tries >= mostTries) throw busy();
  }
}

const mostTries = 5;

type Attempt = {
  readonly repository: Repository;
  readonly keys: readonly SigningKey[];
  readonly call: Call;
  readonly seen: number;
  readonly isAnew: boolean;
};

/** Undefined where somebody else was faster. */
async function tryOnce(attempt: Attempt): Promise<Freshened | undefined> {
  const { repository, keys, call, seen, isAnew } = attempt;
  const standing = await readStanding(repository, call);
  refuseStrangers(standing.root, keys);
  refuseExpired(standing.root, repository.clock.now());
  const { versions, refused } = await chooseLists(repository, standing, call);
  if (versions.size === 0) throw nothingToName(refused);
  const facts = { now: repository.clock.now(), lives: { ...usualLives, ...repository.lives }, isAnew };
  const snapshot = nextSnapshot(standing, versions, facts);
  const timestamp = nextTimestamp(standing, snapshot, { ...facts, seen });
  const wrote: string[] = [];
  if (snapshot !== standing.snapshot) {
    signList(snapshot, keys);
    wrote.push(await writeNewList(repository, "snapshot", snapshot, call));
  }
  if (timestamp !== standing.timestamp) {
    signList(timestamp, keys);
    const there = await readTimestampThere(repository, call);
    if (there?.signed.version !== standing.timestampThere) return undefined;
    await repository.store.write(timestampKey, encodeList(timestamp), call);
    wrote.push(timestampKey);
  }
  return {
    ...{ wrote, named: versions, refused, freshUntilMs: Math.min(expiresAt(snapshot), expiresAt(timestamp)) },
    ...{ snapshot: snapshot.signed.version, timestamp: timestamp.signed.version },
  };
}

type Facts = { readonly now: number; readonly lives: Lives; readonly isAnew: boolean };

function nextSnapshot(
  { snapshot, versions }: Standing,
  named: ReadonlyMap<string, number>,
  { now, lives, isAnew }: Facts,
): SnapshotList {
  if (!isAnew && snapshot && isSame(snapshot, named) && !isHalfOver(snapshot, now, lives.snapshot))
    return snapshot;
  const after = snapshot?.signed.version ?? (versions.get("snapshot") ?? []).find(isPlausible) ?? 0;
  const version = nextVersion(versions, "snapshot", after);
  return snapshotList(named, { version, expiresAtMs: now + lives.snapshot });
}

function nextTimestamp(
  { timestamp, timestampVersion }: Standing,
  snapshot: SnapshotList,
  { now, lives, seen }: Facts & { readonly seen: number },
): TimestampList {
  const { version } = snapshot.signed;
  const stands =
    timestamp?.signed.snapshotMeta.version === version &&
    timestamp.signed.version >= seen &&
    !isHalfOver(timestamp, now, lives.timestamp);
  if (timestamp && stands) return timestamp;
  // Minutes of the clock, so that versions also grow where the timestamp before this one is lost.
  const least = Math.floor(now / 60_000);
  const dated = {
    version: Math.max(...[timestampVersion, seen].filter(isPlausible).map((last) => last + 1), least),
    expiresAtMs: now + lives.timestamp,
  };
  return timestampList(version, { ...dated, signedAtMs: now });
}

/** Whoever may write to the store, or had an online key, could lay a list there that leaves no room for versions after it. */
function isPlausible(version: number): boolean {
  return version < mostVersion / 2;
}

function isSame(snapshot: SnapshotList, named: ReadonlyMap<string, number>): boolean {
  const meta = Object.entries(snapshot.signed.meta);
  return (
    meta.length === named.size &&
    meta.every(([file, { version }]) => named.get(file.slice(0, -".json".length)) === version)
  );
}

function isHalfOver(list: SnapshotList | TimestampList, now: number, lifeMs: number): boolean {
  return expiresAt(list) - now < lifeMs / 2;
}

/** Nobody is to sign what no device would believe. */
export function refuseStrangers(root: RootList, keys: readonly SigningKey[]): void {
  for (const role of ["snapshot", "timestamp"]) {
    const { keyIDs = [], threshold = 1 } = root.signed.roles[role] ?? {};
    if (keys.filter(({ id }) => keyIDs.includes(id)).length >= threshold) continue;
    throw new TradewindError(
      "signing_refused",
      `the root names another online key than this one for ${role}`,
      {
        hint: `it names ${keyIDs.map((id) => id.slice(0, 12)).join(", ")}; this one is ${keys.map(({ id }) => id.slice(0, 12)).join(", ")}`,
      },
    );
  }
}

function refuseExpired(root: RootList, now: number): void {
  if (expiresAt(root) > now) return;
  throw new TradewindError("repository_expired", `the root has expired on ${root.signed.expires}`, {
    hint: "sign the next one with: tradewind models rotate root",
  });
}

function nothingToName(refused: readonly Refusal[]): TradewindError {
  const [first] = refused;
  const why = first ? `${first.key}: ${first.why}` : "no list of targets lies here";
  return new TradewindError("repository_refused", `nothing here can be named: ${why}`);
}

function busy(): TradewindError {
  return new TradewindError(
    "record_exists",
    "others freshen the repository all the time, so this one gave way",
  );
}
