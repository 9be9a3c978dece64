import type { Rate } from "#infra/runtime/soft-state/soft-state.ts";
import type { Caller, Limits, MonthlyBounds } from "../caller.ts";

/** What one caller's requests to one model are held against. */
export type AdmissionPlan = {
  /** The tenant: all counters of one tenant lie together. */
  readonly tag: string;
  /** One request's worth of each. */
  readonly rates: readonly Rate[];
  /** How answers call each rate. */
  readonly names: readonly string[];
  /** The `RateLimit-Policy` of every answer under this plan. */
  readonly policy: string | undefined;
  readonly places: { readonly key: string; readonly most: number } | undefined;
  readonly monthly: MonthlyBounds;
  /** Nothing bounds this caller, so there is nothing to count. */
  readonly unbounded: boolean;
};

/** Plans are made once for each caller and model; a caller is replaced whole when something about it changes. */
const plans = new WeakMap<Caller, Map<string, AdmissionPlan>>();

export function planAdmission(caller: Caller, model: string): AdmissionPlan {
  const ofCaller = plans.get(caller) ?? new Map<string, AdmissionPlan>();
  const known = ofCaller.get(model);
  if (known) return known;
  const plan = makePlan(caller, model);
  plans.set(caller, ofCaller.set(model, plan));
  return plan;
}

function makePlan({ id, tenant, limits }: Caller, model: string): AdmissionPlan {
  const ofModel = tenant.modelLimits.get(model);
  const bounds: Bound[] = [
    ...boundsOf("key", `k:${id}`, limits),
    ...boundsOf("tenant", "t", tenant.limits),
    ...(ofModel ? boundsOf("model", `m:${model}`, ofModel) : []),
  ];
  const places = placesOf(id, model, { key: limits, tenant: tenant.limits, model: ofModel });
  const { images, nanoUsd } = tenant.monthly;
  return {
    tag: tenant.id,
    rates: bounds.map(({ rate }) => rate),
    names: bounds.map(({ name }) => name),
    policy: bounds.length > 0 ? bounds.map(policyOf).join(", ") : undefined,
    places,
    monthly: tenant.monthly,
    unbounded: bounds.length === 0 && !places && images === undefined && nanoUsd === undefined,
  };
}

type Bound = { readonly name: string; readonly rate: Rate };

function boundsOf(whose: string, key: string, { rates }: Limits): Bound[] {
  return rates.map(({ requests, perMs, burst }, place) => ({
    name: rates.length > 1 ? `${whose}-${place + 1}` : whose,
    rate: { key: `${key}:${perMs}.${place}`, most: requests, periodMs: perMs, burst, cost: 1 },
  }));
}

type ByWhose = { readonly key: Limits; readonly tenant: Limits; readonly model: Limits | undefined };

/** The narrowest bound on what is under way at once: a second set of places for each would be a second thing to give back. */
function placesOf(
  id: string,
  model: string,
  { key, tenant, model: ofModel }: ByWhose,
): AdmissionPlan["places"] {
  if (key.concurrency !== undefined) return { key: `c:k:${id}`, most: key.concurrency };
  if (ofModel?.concurrency !== undefined) return { key: `c:m:${model}`, most: ofModel.concurrency };
  if (tenant.concurrency !== undefined) return { key: "c:t", most: tenant.concurrency };
  return undefined;
}

function policyOf({ name, rate }: Bound): string {
  return `"${name}";q=${rate.most};w=${Math.max(1, Math.round(rate.periodMs / 1000))}`;
}
