import { TradewindError } from "#infra/runtime/errors.ts";
import type { Changing } from "../control.ts";
import { awaitOperation, type Change, type Changer, changeService, lookAt } from "./change-service.ts";
import { findRevision } from "./find-revision.ts";
import type { ServiceView, Share } from "./read-service.ts";
import { stateOf } from "./read-troubles.ts";
import type { Service } from "./run-api.ts";

/** What is to become of the traffic; undefined where it is so already. */
export type TrafficPlan = (shares: readonly Share[]) => readonly Share[] | undefined;

/** The platform would keep the old split and say that it failed; better not to ask. */
export async function refuseFailed(changer: Changer, name: string, signal: AbortSignal): Promise<void> {
  const revision = await findRevision(changer, name, signal);
  if (revision === undefined)
    throw new TradewindError("provider_missing", `there is no revision ${name} of this service`);
  if (stateOf(revision) !== "failed") return;
  throw new TradewindError("provider_refused", `${name} failed to start, so it cannot answer`, {
    hint: "`tradewind status` says why; roll it back",
  });
}

export async function sendTraffic(changer: Changer, options: Changing, plan: TrafficPlan): Promise<void> {
  const operation = await changeService(changer, options, (view): Change | undefined => {
    const shares = plan(view.wanted);
    return shares && { paths: ["traffic"], service: { traffic: targetsOf(shares) } };
  });
  if (operation === undefined) return;
  try {
    await awaitOperation(changer, operation, options.signal);
  } catch (error) {
    // It says so too where the newest revision failed, which may be just the one that was taken back.
    if (options.signal.aborted || !isAsWanted(await lookAt(changer, options.signal))) throw error;
  }
}

export function targetsOf(shares: readonly Share[]): NonNullable<Service["traffic"]> {
  const type = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION";
  return shares.map(({ revision, percent, tag }) => ({
    type,
    revision,
    percent,
    ...(tag !== undefined && { tag }),
  }));
}

function isAsWanted({ wanted, actual }: ServiceView): boolean {
  const isThere = (share: Share): boolean =>
    actual.some(
      (one) => one.revision === share.revision && one.percent === share.percent && one.tag === share.tag,
    );
  return wanted.every(isThere);
}
