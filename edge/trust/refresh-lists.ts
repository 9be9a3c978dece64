import { TradewindError } from "#infra/runtime/errors.ts";
import { isTopList, mostBytesOf, mostListBytes } from "./list-names.ts";
import type { FetchList } from "./metadata-fetcher.ts";
import { beginWithRoot, type Guard, type RawLists, type VerifiedLists } from "./verified-lists.ts";
import {
  type Floors,
  floorsAfterRoot,
  floorsAfterTargets,
  raiseFloor,
  refuseBelowFloor,
} from "./version-floors.ts";

export type RefreshAsk = {
  /** What is at hand; torn or foreign lists among it are passed over. */
  readonly kept: RawLists;
  /** The lists that were last verified, where some were. */
  readonly before: VerifiedLists | undefined;
  readonly firstRoot: Uint8Array;
  readonly floors: Floors;
  readonly fetch: FetchList;
  /** Asked once all that tells the time has been heard. */
  readonly referenceMs: () => Promise<number>;
};

/** A refresh on its way: what was verified until now, also when the next list does not hold. */
export type Refreshing = {
  readonly lists: VerifiedLists;
  /** As they are to be once this refresh is kept. */
  readonly floors: () => Floors;
  /** The four lists that every repository has, in the order in which they vouch for each other. */
  readonly run: () => Promise<void>;
  /** Does nothing where the snapshot names no such list. */
  readonly loadRole: (role: string, delegator: string) => Promise<void>;
};

const mostRootsAtOnce = 256;

export function beginRefresh(ask: RefreshAsk): Refreshing {
  let floors = ask.floors;
  const note = (role: string, version: number): void => {
    refuseBelowFloor(floors, role, version);
    floors = raiseFloor(floors, role, version);
  };
  const lists = beginWithKeptRoot(ask, note);
  return {
    lists,
    floors: () => floors,
    loadRole: (role, delegator) => takeRole(ask, lists, role, delegator),
    run: async () => {
      floors = await takeRoots(ask, lists, floors);
      note("root", lists.root().signed.version);
      await takeTimestamp(ask, lists);
      await takeSnapshot(ask, lists);
      await takeRole(ask, lists, "targets", "root");
      const targets = lists.role("targets");
      if (!targets) throw missing("targets");
      floors = floorsAfterTargets(floors, ask.before?.role("targets")?.signed, targets.signed);
    },
  };
}

/** A root that was kept is only a short cut: torn, all begins with the first one, and the floors see to the rest. */
function beginWithKeptRoot({ kept, firstRoot }: RefreshAsk, guard: Guard): VerifiedLists {
  const root = kept.get("root");
  try {
    if (root) return beginWithRoot(root, guard);
  } catch {
    // Begins with the first one.
  }
  return beginWithRoot(firstRoot, guard);
}

async function takeRoots({ fetch }: RefreshAsk, lists: VerifiedLists, floors: Floors): Promise<Floors> {
  let after = floors;
  for (let step = 0; step < mostRootsAtOnce; step += 1) {
    const before = lists.root().signed;
    const bytes = await fetch(`${before.version + 1}.root.json`, { maxBytes: mostListBytes.root });
    if (!bytes) break;
    lists.takeRoot(bytes);
    after = floorsAfterRoot(after, before, lists.root().signed);
  }
  return after;
}

async function takeTimestamp(ask: RefreshAsk, lists: VerifiedLists): Promise<void> {
  const bytes = await ask.fetch("timestamp.json", { maxBytes: mostListBytes.timestamp });
  lists.setTime(await ask.referenceMs());
  const kept = ask.kept.get("timestamp");
  // Also an expired one says below which version nothing may come; it is looked at again with the snapshot.
  if (kept) tryTo(() => lists.takeTimestamp(kept));
  if (!bytes) throw missing("timestamp");
  lists.takeTimestamp(bytes);
}

async function takeSnapshot(ask: RefreshAsk, lists: VerifiedLists): Promise<void> {
  const kept = ask.kept.get("snapshot");
  if (kept && tryTo(() => lists.takeSnapshot(kept, { wasKept: true }))) return;
  const { version, length } = lists.timestamp().signed.snapshotMeta;
  const name = versioned(lists, version, "snapshot");
  const bytes = await ask.fetch(name, { maxBytes: Math.min(length || Infinity, mostListBytes.snapshot) });
  if (!bytes) throw missing(name);
  lists.takeSnapshot(bytes);
}

async function takeRole(
  ask: RefreshAsk,
  lists: VerifiedLists,
  role: string,
  delegator: string,
): Promise<void> {
  if (delegator !== "root" && isTopList(role)) return;
  const known = lists.role(role);
  if (known) return verifyAgain(lists, role, delegator);
  const named = lists.snapshot().signed.meta;
  const meta = Object.hasOwn(named, `${role}.json`) ? named[`${role}.json`] : undefined;
  if (!meta) return;
  const kept = ask.kept.get(role);
  if (kept && tryTo(() => lists.takeTargets(kept, role, delegator))) return;
  const name = versioned(lists, meta.version, role);
  const bytes = await ask.fetch(name, { maxBytes: Math.min(meta.length || Infinity, mostBytesOf(role)) });
  if (!bytes) throw missing(name);
  lists.takeTargets(bytes, role, delegator);
}

/** What one delegator vouched for is not thereby vouched for by another. */
function verifyAgain(lists: VerifiedLists, role: string, delegator: string): void {
  const [list, by] = [lists.role(role), delegator === "root" ? lists.root() : lists.role(delegator)];
  try {
    if (list) by?.verifyDelegate(role, list);
  } catch (cause) {
    throw new TradewindError("repository_refused", `${role} is not signed as ${delegator} demands`, {
      cause,
    });
  }
}

function versioned(lists: VerifiedLists, version: number, role: string): string {
  const name = `${encodeURIComponent(role)}.json`;
  return lists.root().signed.consistentSnapshot ? `${version}.${name}` : name;
}

function tryTo(work: () => void): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}

function missing(what: string): TradewindError {
  return new TradewindError("repository_unreachable", `the repository names ${what} and does not have it`, {
    hint: "it may be in the middle of a publication, or a mirror may lack files; the device asks again",
  });
}
