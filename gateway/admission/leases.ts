import type { Clock } from "#infra/runtime/clock.ts";
import type { AdmissionPlan } from "./admission-plan.ts";

/**
 * Requests that were counted in advance, to be spent on answers that lie in memory. What is not spent within a second
 * is lost, which errs on the side of the limit.
 */
export type Leases = {
  readonly take: (plan: AdmissionPlan, requests: number) => void;
  /** Answers whether there was one left. */
  readonly spend: (plan: AdmissionPlan) => boolean;
};

type Lease = { left: number; readonly until: number };

const goodForMs = 1_000;

export function createLeases(clock: Pick<Clock, "elapsed">): Leases {
  const leases = new WeakMap<AdmissionPlan, Lease>();
  return {
    take: (plan, requests) => {
      leases.set(plan, { left: requests, until: clock.elapsed() + goodForMs });
    },
    spend: (plan) => {
      const lease = leases.get(plan);
      if (!lease || lease.left === 0 || clock.elapsed() >= lease.until) return false;
      lease.left -= 1;
      return true;
    },
  };
}
