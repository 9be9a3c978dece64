import { TradewindError } from "#infra/runtime/errors.ts";
import { listKey, timestampKey } from "./list-names.ts";
import {
  type AnyList,
  expiresAt,
  isSignedFor,
  type RootList,
  readRoot,
  readSnapshot,
  readTargets,
  readTimestamp,
  type TargetsList,
} from "./lists.ts";
import { mostListBytes, readFromStore } from "./lists-in-store.ts";
import { type FamilyContents, readContents } from "./read-contents.ts";
import type { Call, Repository } from "./repository.ts";
import { rootSignersOf } from "./signers.ts";
import { keyIdOf } from "./signing-key.ts";

export type VerifiedFamily = {
  readonly model: string;
  readonly version: number;
  readonly expiresAtMs: number;
  readonly contents: FamilyContents;
};

/** What a device would take from here now. */
export type VerifiedRepository = {
  readonly root: number;
  /** The first of the lists' ends; after it devices take nothing new. */
  readonly freshUntilMs: number;
  /** Each list's own end. */
  readonly ends: Readonly<Record<"root" | "targets" | "snapshot" | "timestamp", number>>;
  readonly families: readonly VerifiedFamily[];
  /** Families whose list no device takes now, and why. */
  readonly refused: readonly { readonly model: string; readonly error: TradewindError }[];
  /** Ids of the keys that sign plans. */
  readonly onlineKeys: readonly string[];
};

/** Reads all lists in the order and with the checks of a device that has seen nothing but the first root. */
export async function readVerified(
  repository: Repository,
  { firstRoot, signal }: Call & { readonly firstRoot?: Uint8Array | undefined },
): Promise<VerifiedRepository> {
  const reader: Reader = { repository, now: repository.clock.now(), signal };
  const root = await followRoots(reader, firstRoot);
  const timestamp = await take(reader, {
    by: root,
    role: "timestamp",
    key: timestampKey,
    read: readTimestamp,
  });
  const { version } = timestamp.signed.snapshotMeta;
  const snapshotKey = listKey({ role: "snapshot", version });
  const snapshot = await take(reader, { by: root, role: "snapshot", key: snapshotKey, read: readSnapshot });
  const versions = new Map(Object.entries(snapshot.signed.meta).map(([file, meta]) => [file, meta.version]));
  const targets = await takeTargets(reader, { by: root, role: "targets", versions });
  const families: VerifiedFamily[] = [];
  const refused: { model: string; error: TradewindError }[] = [];
  for (const model of Object.keys(targets.signed.delegations?.roles ?? {})) {
    try {
      families.push(await takeFamily(reader, { by: targets, role: model, versions }));
    } catch (error) {
      if (!(error instanceof TradewindError && error.code.startsWith("repository_"))) throw error;
      refused.push({ model, error });
    }
  }
  const ends = {
    ...{ root: expiresAt(root), targets: expiresAt(targets) },
    ...{ snapshot: expiresAt(snapshot), timestamp: expiresAt(timestamp) },
  };
  const freshUntilMs = Math.min(...Object.values(ends));
  const onlineKeys = rootSignersOf(root).online.keys.map(keyIdOf);
  return { root: root.signed.version, freshUntilMs, ends, families, refused, onlineKeys };
}

type Reader = { readonly repository: Repository; readonly now: number; readonly signal: AbortSignal };

async function followRoots(reader: Reader, given: Uint8Array | undefined): Promise<RootList> {
  const { repository, signal, now } = reader;
  const at = (version: number) =>
    readFromStore(repository, listKey({ role: "root", version }), {
      ...{ read: readRoot, maxBytes: mostListBytes.root, signal },
    });
  let root = given ? readRoot(given) : await at(1);
  if (!root || !isSignedFor(root, "root", root))
    throw refuse("1.root.json is missing, or not signed by its own keys");
  for (;;) {
    const next = await at(root.signed.version + 1);
    if (!next) break;
    if (!isSignedFor(root, "root", next) || !isSignedFor(next, "root", next)) {
      throw refuse(`${next.signed.version}.root.json lacks signatures of the root before it, or of itself`);
    }
    root = next;
  }
  if (expiresAt(root) > now) return root;
  throw expired("the root", root);
}

type Taking<List extends AnyList> = {
  readonly by: RootList | TargetsList;
  readonly role: string;
  readonly key: string;
  readonly read: (bytes: Uint8Array) => List;
};

async function take<List extends AnyList>(
  { repository, now, signal }: Reader,
  { by, role, key, read }: Taking<List>,
): Promise<List> {
  const list = await readFromStore(repository, key, { read, maxBytes: mostListBytes.targets, signal });
  if (!list) throw refuse(`${key} is missing`);
  if (!isSignedFor(by, role, list)) throw refuse(`${key} lacks signatures of those who may sign it`);
  if (expiresAt(list) <= now) throw expired(key, list);
  return list;
}

type Named = {
  readonly by: RootList | TargetsList;
  readonly role: string;
  readonly versions: ReadonlyMap<string, number>;
};

async function takeTargets(reader: Reader, { by, role, versions }: Named): Promise<TargetsList> {
  const version = versions.get(`${role}.json`);
  if (version === undefined) throw refuse(`the snapshot does not name ${role}`);
  return await take(reader, { by, role, key: listKey({ role, version }), read: readTargets });
}

async function takeFamily(reader: Reader, named: Named): Promise<VerifiedFamily> {
  const list = await takeTargets(reader, named);
  const model = named.role;
  const contents = readContents(model, list);
  return { model, version: list.signed.version, expiresAtMs: expiresAt(list), contents };
}

function refuse(why: string): TradewindError {
  return new TradewindError("repository_refused", `the repository does not hold: ${why}`);
}

function expired(what: string, list: AnyList): TradewindError {
  return new TradewindError("repository_expired", `${what} has expired on ${list.signed.expires}`);
}
