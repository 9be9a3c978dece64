import { describeLists, familyNames } from "./describe-lists.ts";
import { type FollowDeps, followLists } from "./follow-lists.ts";
import type { Refreshing } from "./refresh-lists.ts";
import type { Trust, TrustedList } from "./trusted-list.ts";

export type TrustDeps = Omit<FollowDeps<TrustedList>, "read" | "keepsEachStep"> & {
  /** Whose lists are wanted; others are not even fetched. Asked at each refresh. */
  readonly models: () => readonly string[];
};

export type DeviceTrust = Trust & {
  /** The time by which lists and plans are judged: not what the clock says where that is known to be wrong. */
  readonly now: () => number;
  readonly clockTrusted: () => boolean;
};

/** Opens what was verified before, which holds without a network, and keeps it up to date. */
export async function openTrust(deps: TrustDeps): Promise<DeviceTrust> {
  const lists = await followLists({ ...deps, read: (refreshing) => readFamilies(refreshing, deps.models()) });
  return {
    list: lists.latest,
    refresh: lists.refresh,
    now: lists.time.nowMs,
    clockTrusted: lists.time.clockTrusted,
  };
}

async function readFamilies(
  { lists, loadRole }: Refreshing,
  models: readonly string[],
): Promise<TrustedList> {
  for (const model of familyNames(lists, models)) await loadRole(model, "targets");
  return describeLists(lists, models);
}
