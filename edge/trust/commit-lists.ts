import type { StateStore } from "../store/device-state.ts";
import { diskFailure, type ListFolder, sweepLists, writeLists } from "./keep-lists.ts";
import type { ReferenceTime } from "./reference-time.ts";
import type { Refreshing } from "./refresh-lists.ts";
import type { RawLists, VerifiedLists } from "./verified-lists.ts";
import type { Floors } from "./version-floors.ts";

export type CommitDeps = ListFolder & {
  readonly state: StateStore;
  /** Keeps each list that held although a later one did not, as the specification's own client does; else all or none. */
  readonly keepsEachStep?: boolean;
};

export type Committing = {
  readonly held: RawLists;
  readonly time: ReferenceTime;
  readonly refreshing: Refreshing;
};

/** The state is written for its own sake only so often, for the sake of the flash. */
const noteEveryMs = 3_600_000;

/** Writes the lists where nothing names them yet, then names them and raises the floors in one change of the state. */
export async function commitLists(
  deps: CommitDeps,
  { held, time, refreshing }: Committing,
): Promise<RawLists> {
  const { trust } = deps.state.state;
  const raw = deps.keepsEachStep ? new Map([...held, ...refreshing.lists.raw]) : refreshing.lists.raw;
  const isNew = !sameLists(held, raw) || !sameFloors(trust.floors, refreshing.floors());
  if (!isNew && time.nowMs() - trust.checkedAtMs < noteEveryMs) return held;
  const generation = isNew ? trust.generation + 1 : trust.generation;
  if (isNew) await writeLists(deps, generation, raw);
  const next = {
    generation,
    floors: { ...refreshing.floors() },
    trustedTimeMs: provenTime(trust.trustedTimeMs, time, refreshing.lists),
    checkedAtMs: Math.max(0, Math.trunc(time.nowMs())),
  };
  await deps.state
    .change((state) => ({ ...state, trust: next }))
    .catch((error: unknown) => {
      throw diskFailure(error, deps.folder);
    });
  if (isNew) await sweepLists(deps, generation);
  return raw;
}

/**
 * Never later than the timestamp list holds: a gateway whose clock is wrong by years can make lists seem expired while
 * it is wrong, and not beyond.
 */
function provenTime(known: number, time: ReferenceTime, lists: VerifiedLists): number {
  if (!lists.raw.has("timestamp")) return known;
  const { expires, unrecognizedFields } = lists.timestamp().signed;
  const signedAt = Number(unrecognizedFields.signed_at ?? 0);
  const proven = Math.max(Number.isSafeInteger(signedAt) ? signedAt : 0, time.provenMs());
  return Math.trunc(Math.max(known, Math.min(proven, Date.parse(expires))));
}

function sameLists(one: RawLists, other: RawLists): boolean {
  return (
    one.size === other.size &&
    [...one].every(([role, bytes]) => Buffer.compare(bytes, other.get(role) ?? Buffer.alloc(0)) === 0)
  );
}

function sameFloors(one: Floors, other: Floors): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}
