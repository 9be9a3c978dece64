import { isDeepStrictEqual } from "node:util";
import type { Metadata, Root, Snapshot, Targets, Timestamp } from "@tufjs/models";
// The package's index has only its Updater, which writes in place, makes strings of what went wrong, takes a proxy's 403
// for "no newer root" and reads the clock itself. All checks are in this store, and the order of asking is ours.
import { TrustedMetadataStore } from "tuf-js/dist/store.js";
import { TradewindError } from "#infra/runtime/errors.ts";
import { expired, isSameVersion, listFailure } from "./list-failure.ts";
import { refuseUnsoundJson } from "./sound-json.ts";

/** Lists as they came, by role: what is kept is what was signed, byte by byte. */
export type RawLists = ReadonlyMap<string, Uint8Array>;

/** The verification itself: what it took holds, and `raw` has the bytes of it. */
export type VerifiedLists = {
  readonly raw: RawLists;
  readonly root: () => Metadata<Root>;
  readonly timestamp: () => Metadata<Timestamp>;
  readonly snapshot: () => Metadata<Snapshot>;
  readonly role: (name: string) => Metadata<Targets> | undefined;
  /** From here on this is the time by which lists expire. */
  readonly setTime: (ms: number) => void;
  readonly takeRoot: (bytes: Uint8Array) => void;
  readonly takeTimestamp: (bytes: Uint8Array) => void;
  readonly takeSnapshot: (bytes: Uint8Array, options?: { readonly wasKept: boolean }) => void;
  readonly takeTargets: (bytes: Uint8Array, role: string, delegator: string) => void;
};

/** Has the last word on a list that is signed well, by its version. */
export type Guard = (role: string, version: number) => void;

/** Begins with a root that is taken for true: the first one, or the newest that was kept. */
export function beginWithRoot(bytes: Uint8Array, guard: Guard): VerifiedLists {
  const store = checked("root", bytes, (buffer) => new TrustedMetadataStore(buffer));
  refuseOtherWords(bytes, store.root.signed, "root");
  const raw = new Map([["root", bytes]]);
  const take: Take = (role, bytes, work) => {
    checked(role, bytes, work);
    const list = listIn(store, role);
    refuseOtherWords(bytes, list, role);
    if (role !== "root") guard(role, list?.version ?? 0);
    raw.set(role, bytes);
  };
  let timeMs = 0;
  return {
    raw,
    root: () => store.root,
    timestamp: () => present(store.timestamp, "timestamp"),
    snapshot: () => present(store.snapshot, "snapshot"),
    role: (name) => (raw.has(name) ? store.getRole(name) : undefined),
    setTime: (ms) => {
      timeMs = ms;
      setReferenceTime(store, ms);
    },
    takeRoot: (bytes) => take("root", bytes, (buffer) => store.updateRoot(buffer)),
    takeTimestamp: (bytes) => {
      takeTimestamp(store, bytes, take);
      if (store.timestamp?.signed.isExpired(new Date(timeMs))) throw expired("timestamp");
    },
    takeSnapshot: (bytes, { wasKept } = { wasKept: false }) =>
      take("snapshot", bytes, (buffer) => store.updateSnapshot(buffer, wasKept)),
    takeTargets: (bytes, role, delegator) =>
      take(role, bytes, (buffer) => store.updateDelegatedTargets(buffer, role, delegator)),
  };
}

type Signed = Pick<Root, "version" | "toJSON">;

type Take = (role: string, bytes: Uint8Array, work: (buffer: Buffer) => void) => void;

function takeTimestamp(store: TrustedMetadataStore, bytes: Uint8Array, take: Take): void {
  try {
    take("timestamp", bytes, (buffer) => store.updateTimestamp(buffer));
  } catch (error) {
    if (!(error instanceof TradewindError && isSameVersion(error.cause))) throw error;
  }
}

function listIn(store: TrustedMetadataStore, role: string): Signed | undefined {
  if (role === "root") return store.root.signed;
  if (role === "timestamp") return store.timestamp?.signed;
  return role === "snapshot" ? store.snapshot?.signed : store.getRole(role)?.signed;
}

/** The signature is checked over what the store understood; a word that it left out was not signed by anybody. */
function refuseOtherWords(bytes: Uint8Array, list: Signed | undefined, role: string): void {
  const said: unknown = JSON.parse(Buffer.from(bytes).toString("utf8")).signed;
  const verified: unknown = JSON.parse(JSON.stringify(list?.toJSON() ?? null));
  if (isDeepStrictEqual(said, verified)) return;
  throw new TradewindError("repository_refused", `the repository's ${role} list says more than was signed`);
}

function checked<Taken>(role: string, bytes: Uint8Array, work: (buffer: Buffer) => Taken): Taken {
  refuseUnsoundJson(bytes, `${role} list`);
  try {
    return work(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    throw listFailure(error, role);
  }
}

/** The store takes its time from the machine when it is made and has no other way in than its field. */
function setReferenceTime(store: TrustedMetadataStore, ms: number): void {
  if (!(Reflect.get(store, "referenceTime") instanceof Date)) {
    throw new TradewindError("internal", "the verification of signed lists no longer takes a time");
  }
  Reflect.set(store, "referenceTime", new Date(ms));
}

function present<Found>(found: Found | undefined, role: string): Found {
  if (found === undefined)
    throw new TradewindError("repository_refused", `there is no verified ${role} list`);
  return found;
}
