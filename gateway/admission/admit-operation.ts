import type { Clock } from "#infra/runtime/clock.ts";
import type { AdmitOperation, Lookup } from "#infra/runtime/soft-state/soft-state.ts";
import type { AdmissionPlan } from "./admission-plan.ts";
import { type MonthUsed, monthlyBudgets } from "./monthly-budgets.ts";

export type OperationAsk = {
  readonly images: number;
  /** Those of them whose price is certain, since no cache is asked about them, or none that could spare it. */
  readonly uncached: number;
  /** The most that looking at one of them may cost. */
  readonly nanoUsdEach: number;
  readonly lookups: readonly Lookup[];
  /** What is taken from each rate: the images, unless some were taken before or more are taken in advance. */
  readonly cost: number;
};

export type OperationDeps = {
  readonly used: (tenant: string) => MonthUsed;
  readonly clock: Pick<Clock, "now">;
  readonly name: () => string;
  readonly placeMs?: number;
};

/** Longer than any request takes, where nobody says how long that is. */
const longestPlaceMs = 600_000;

/** Everything that one request is held against, as one operation of the soft state. */
export function admitOperation(plan: AdmissionPlan, ask: OperationAsk, deps: OperationDeps): AdmitOperation {
  const { lookups, cost } = ask;
  const { placeMs = longestPlaceMs } = deps;
  const budgets = monthlyBudgets(plan, { ...ask, used: deps.used(plan.tag), now: deps.clock.now() });
  const isNamed = plan.places.length > 0 || budgets.length > 0;
  const member = isNamed ? deps.name() : "";
  // A place whose gateway died comes free by itself, and what a gateway could not settle by then stays charged.
  const ttlMs = placeMs;
  return {
    kind: "admit",
    tag: plan.tag,
    rates: cost === 1 ? plan.rates : plan.rates.map((rate) => ({ ...rate, cost })),
    ...(plan.places.length > 0 && { places: plan.places.map((bound) => ({ ...bound, member, ttlMs })) }),
    budgets,
    ...(budgets.length > 0 && { receipt: { key: `r:${member}`, ttlMs } }),
    lookups,
  };
}
