import { createHash } from "node:crypto";
import type { Rate } from "#infra/runtime/soft-state/soft-state.ts";
import type { Caller, Limits, MonthlyBounds } from "../caller.ts";
import { fitRate } from "./fit-rate.ts";

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
  /** Bounds on what is under way at once. */
  readonly places: readonly { readonly key: string; readonly most: number }[];
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
  const named = shortName(id);
  const bounds: Bound[] = [
    ...boundsOf("key", `k:${named}`, limits),
    ...boundsOf("tenant", "t", tenant.limits),
    ...(ofModel ? boundsOf("model", `m:${model}`, ofModel) : []),
  ];
  const places = [
    ...placesOf(`c:k:${named}`, limits),
    ...placesOf("c:t", tenant.limits),
    ...(ofModel ? placesOf(`c:m:${model}`, ofModel) : []),
  ];
  const { images, nanoUsd } = tenant.monthly;
  return {
    tag: tenant.id,
    rates: bounds.map(({ rate }) => rate),
    names: bounds.map(({ name }) => name),
    policy: bounds.length > 0 ? bounds.map(policyOf).join(", ") : undefined,
    places,
    monthly: tenant.monthly,
    unbounded: bounds.length === 0 && places.length === 0 && images === undefined && nanoUsd === undefined,
  };
}

type Bound = { readonly name: string; readonly rate: Rate };

function boundsOf(whose: string, key: string, { rates }: Limits): Bound[] {
  return rates.map(({ requests, perMs, burst }, place) => ({
    name: rates.length > 1 ? `${whose}-${place + 1}` : whose,
    rate: fitRate({ key: `${key}:${perMs}.${place}`, most: requests, periodMs: perMs, burst, cost: 1 }),
  }));
}

function placesOf(key: string, { concurrency }: Limits): AdmissionPlan["places"] {
  return concurrency === undefined ? [] : [{ key, most: concurrency }];
}

/** Names of tokens may be long, and of any letters, more than a key of the soft state takes. */
function shortName(id: string): string {
  return Buffer.byteLength(id) > 256 ? createHash("sha256").update(id).digest("base64url") : id;
}

function policyOf({ name, rate }: Bound): string {
  return `"${name}";q=${rate.most};w=${Math.max(1, Math.round(rate.periodMs / 1000))}`;
}
