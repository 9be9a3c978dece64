import type { Plan } from "#infra/runtime/devices/words.ts";
import type { DeviceTrust } from "../trust/open-trust.ts";
import type { TrustedList } from "../trust/trusted-list.ts";
import { namesPlanned } from "./names-planned.ts";
import type { SyncParts } from "./sync-parts.ts";
import { wantedModels } from "./wanted-models.ts";

type Resting = Pick<SyncParts, "memo" | "clock" | "store" | "only">;

/** However often a plan says that nothing is new, the lists themselves are asked for after so long. */
const mostRestMs = 86_400_000;

/** A gateway signs a day's timestamp anew at its half; whoever's is nearer to its end looks at each poll why it did not. */
const leastLeftMs = 6 * 3_600_000;

/** A device that slept, or whose clock is wrong, does not know how near that end is; the lists' own way sets that right. */
const mostApartMs = 5 * 60_000;

/** Whether the plan may be asked for before the lists: only where all went well, in this very process. */
export function mayAskPlanFirst(
  list: TrustedList,
  { memo, clock, now }: Pick<Resting, "memo" | "clock"> & { readonly now: number },
): boolean {
  const { listed, lists, trouble } = memo;
  if (listed === undefined || lists !== "fresh" || trouble !== null) return false;
  return clock.elapsed() - listed.atMs < mostRestMs && list.expiresAtMs - now > leastLeftMs;
}

/**
 * Whether a plan that holds says that the lists at hand are the newest, and needs no others. One that names other
 * versions, be they higher or lower, has them asked for: they are taken, or refused in a way that is seen.
 */
export function mayListsRest(
  plan: Plan,
  list: TrustedList,
  parts: Resting & { readonly now: ReturnType<DeviceTrust["now"]> },
): boolean {
  const { lists, at } = plan;
  const { root, timestamp } = list.versions;
  if (lists?.root !== root || lists.timestamp !== timestamp) return false;
  if (Math.abs(at - parts.now) > mostApartMs) return false;
  const listed = parts.memo.listed?.models ?? [];
  return wantedModels(parts).every((name) => listed.includes(name)) && namesPlanned(list, parts);
}
