import type { Clock } from "#infra/runtime/clock.ts";
import type { AdmissionPlan } from "./admission-plan.ts";

/**
 * Requests that were counted in advance, to be spent without a round trip, or beside one. What is not spent within a
 * second is lost, which errs on the side of the limit. States of a plan's lease:
 *
 *   none   -> asked   one request at a time asks for it, on its own way
 *   asked  -> held    it was let in
 *          -> none    it was not
 *   held   -> none    spent, or its second is over
 */
export type Leases = {
  /** How many to ask for beside the request: as many as wanted, and none where there are some or the limits are narrow. */
  readonly ask: (plan: AdmissionPlan, wanted: number) => number;
  /** What came of asking: so many, or 0. */
  readonly take: (plan: AdmissionPlan, requests: number) => void;
  /** Answers whether there was one left. */
  readonly spend: (plan: AdmissionPlan) => boolean;
  readonly has: (plan: AdmissionPlan) => boolean;
};

type Lease = { left: number; readonly until: number };

const goodForMs = 1_000;

/** Of a burst, so that what one gateway holds and may lose is little beside what is left for all. */
const part = 10;

export function createLeases(clock: Pick<Clock, "elapsed">): Leases {
  const leases = new WeakMap<AdmissionPlan, Lease>();
  const asked = new WeakSet<AdmissionPlan>();
  const heldOf = (plan: AdmissionPlan): Lease | undefined => {
    const lease = leases.get(plan);
    return lease && lease.left > 0 && clock.elapsed() < lease.until ? lease : undefined;
  };
  return {
    ask: (plan, wanted) => {
      if (wanted === 0 || plan.rates.length === 0 || asked.has(plan) || heldOf(plan)) return 0;
      const most = Math.floor(Math.min(...plan.rates.map(({ burst }) => burst)) / part);
      if (most > 0) asked.add(plan);
      return Math.min(wanted, most);
    },
    take: (plan, requests) => {
      asked.delete(plan);
      if (requests > 0) leases.set(plan, { left: requests, until: clock.elapsed() + goodForMs });
    },
    spend: (plan) => {
      const lease = heldOf(plan);
      if (lease) lease.left -= 1;
      return lease !== undefined;
    },
    has: (plan) => heldOf(plan) !== undefined,
  };
}
