import type { Root, Targets } from "@tufjs/models";
import { TradewindError } from "#infra/runtime/errors.ts";

/**
 * Versions by role, below which no list is taken. They lie in the device's state and not in the lists' own files, so
 * that torn files cannot make the device forget how far it was.
 */
export type Floors = Readonly<Record<string, number>>;

export function floorOf(floors: Floors, role: string): number {
  return ownNumber(floors, placeOf(floors, role));
}

export function refuseBelowFloor(floors: Floors, role: string, version: number): void {
  if (!Number.isSafeInteger(version) || version < 1) {
    throw new TradewindError("repository_refused", `the repository's ${role} has a version that is none`);
  }
  const floor = floorOf(floors, role);
  if (version >= floor) return;
  throw new TradewindError(
    "repository_refused",
    `the repository offers ${role} ${version}, though this device has seen ${role} ${floor}: an older copy is being served`,
    { hint: "look whether the repository was put back to an older state, or whether somebody replays one" },
  );
}

export function raiseFloor(floors: Floors, role: string, version: number): Floors {
  return { ...floors, [placeOf(floors, role)]: Math.max(version, floorOf(floors, role)) };
}

/**
 * Whoever stole an online key may have signed absurdly high versions. A root that takes that key away is how a repository
 * recovers, and the threshold of its offline keys signed for it: what the lost key vouched for starts anew. A root that
 * the floors already know has had its say, also when it is walked through again after the files were lost.
 */
export function floorsAfterRoot(floors: Floors, before: Root, after: Root): Floors {
  if (after.version <= floorOf(floors, "root")) return floors;
  const lost = (role: string): boolean => keysTaken(before.roles[role], after.roles[role]);
  if (lost("snapshot")) return beginAnew(floors, (role) => role !== "root");
  const fallen = [
    ...(lost("timestamp") ? ["timestamp", "snapshot"] : []),
    ...(lost("targets") ? ["targets", "snapshot"] : []),
  ];
  return beginAnew(floors, (role) => fallen.includes(role));
}

/** The same for a family whose keys the targets list took away. */
export function floorsAfterTargets(floors: Floors, before: Targets | undefined, after: Targets): Floors {
  const [old, now] = [before?.delegations?.roles ?? {}, after.delegations?.roles ?? {}];
  return beginAnew(
    floors,
    (role) => Object.hasOwn(old, role) && Object.hasOwn(now, role) && keysTaken(old[role], now[role]),
  );
}

/** Where the state is merged from its copies the higher number of a place wins, so a new beginning is a new place. */
function beginAnew(floors: Floors, isFallen: (role: string) => boolean): Floors {
  const roles = new Set(Object.keys(floors).map((place) => place.replace(/~\d+$/, "")));
  const places = [...roles].filter(isFallen).map((role) => nameOf(role, timesBegun(floors, role) + 1));
  return { ...floors, ...Object.fromEntries(places.map((place) => [place, 0])) };
}

function placeOf(floors: Floors, role: string): string {
  return nameOf(role, timesBegun(floors, role));
}

function ownNumber(floors: Floors, place: string): number {
  return Object.hasOwn(floors, place) ? (floors[place] ?? 0) : 0;
}

function timesBegun(floors: Floors, role: string): number {
  let times = 0;
  while (Object.hasOwn(floors, nameOf(role, times + 1))) times += 1;
  return times;
}

function nameOf(role: string, times: number): string {
  return times === 0 ? role : `${role}~${times}`;
}

type KeyHolders = { readonly keyIDs: readonly string[]; readonly threshold: number };

function keysTaken(before: KeyHolders | undefined, after: KeyHolders | undefined): boolean {
  if (!before || !after) return false;
  const gone = before.keyIDs.filter((id) => !after.keyIDs.includes(id));
  return gone.length >= before.threshold;
}
