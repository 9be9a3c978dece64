import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import type {
  AdmitOperation,
  Admission as Admitting,
  Budget,
  Lookup,
  SettleOperation,
  SoftOperation,
  SoftState,
} from "#infra/runtime/soft-state/soft-state.ts";
import type { Caller } from "../caller.ts";
import { type AdmissionPlan, planAdmission } from "./admission-plan.ts";
import { createKnownExhausted } from "./known-exhausted.ts";
import { createLeases } from "./leases.ts";
import { countsMoney, type MonthUsed, monthlyBudgets } from "./monthly-budgets.ts";
import { refusalOf } from "./refusal.ts";
import { shareOf } from "./share-of.ts";

/** Where a request was counted: with all gateways, in this one's share of the limits, or nowhere. */
export type CountedIn = "everywhere" | "here" | "nowhere";

export type AdmissionAsk = {
  readonly caller: Caller;
  readonly model: string;
  readonly whenAway: "local" | "open" | "closed";
  readonly images: number;
  /** Those of them that no cache is asked about and that will cost money. */
  readonly uncached: number;
  /** The most that looking at one of them may cost. */
  readonly nanoUsdEach: number;
  readonly lookups: readonly Lookup[];
  /** How many requests to take at once, to spend the rest on answers out of memory. */
  readonly lease?: number;
};

export type Reserving = Pick<AdmissionAsk, "caller" | "model" | "whenAway" | "nanoUsdEach">;

export type Admitted = {
  readonly found: Admitting["found"];
  readonly countedIn: CountedIn;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Gives the place back, and what was reserved and not used; without a word on what was used, all of it counts. It is
   * not waited for, and twice is fine.
   */
  readonly end: (used?: { readonly images: number; readonly nanoUsd: number }) => void;
};

/** How much a caller may: asked once for each request, in one round trip that also looks into the cache. */
export type Admission = {
  /** Throws for a caller who is known to have nothing left, so that its body need not be read. */
  readonly refuseExhausted: (caller: Caller, model: string) => void;
  readonly admit: (ask: AdmissionAsk) => Promise<Admitted>;
  /** Takes the price of one image that nobody waits for, and nothing else. */
  readonly reserve: (ask: Reserving) => Promise<Pick<Admitted, "end">>;
  /** Lets a request for something that lies in memory pass without a round trip, where its caller needs none. */
  readonly admitFromMemory: (caller: Caller, model: string) => Admitted | undefined;
};

export type AdmissionDeps = {
  readonly softState: Pick<SoftState, "apply">;
  /** Counts this gateway's share while the shared state is away. */
  readonly local: Pick<SoftState, "apply">;
  /** Whether the soft state is all gateways' own: what is this one's alone counts this one's share. */
  readonly shared: boolean;
  /** How many gateways share the limits. */
  readonly gateways: () => number;
  readonly used: (tenant: string) => MonthUsed;
  readonly clock: Clock;
  /** Makes names that no other request has, here or at another gateway: what callers call theirs is theirs to repeat. */
  readonly name: () => string;
  readonly onCounted?: (countedIn: CountedIn) => void;
};

export function createAdmission(deps: AdmissionDeps): Admission {
  const known = createKnownExhausted(deps.clock);
  const leases = createLeases(deps.clock);
  return {
    refuseExhausted: (caller, model) => known.check(planAdmission(caller, model)),
    admitFromMemory: (caller, model) => {
      const plan = planAdmission(caller, model);
      if (plan.unbounded) return admittedFreely;
      const isLeased = !plan.places && plan.monthly.images === undefined && leases.spend(plan);
      return isLeased ? { ...admittedFreely, headers: headersOf(plan, undefined) } : undefined;
    },
    reserve: async (ask) => {
      const plan = planAdmission(ask.caller, ask.model);
      if (plan.monthly.nanoUsd === undefined) return admittedFreely;
      const whole = { ...ask, images: 0, uncached: 1, lookups: [] };
      const operation = { ...operationOf(plan, whole, deps), rates: [] };
      const { places: _, ...priced } = operation;
      const counted = await count(priced, whole, deps);
      if (counted.admission.refusal) throw refusalOf(plan, counted.admission.refusal);
      return { end: oneEnd(priced, counted, deps) };
    },
    admit: async (ask) => {
      const plan = planAdmission(ask.caller, ask.model);
      if (plan.unbounded && ask.lookups.length === 0) return admittedFreely;
      let operation = operationOf(plan, ask, deps);
      let { admission, countedIn } = await count(operation, ask, deps);
      if (ask.lease && admission.refusal?.by === "rates") {
        // There was not enough for a lease, but there may be for this one request.
        operation = operationOf(plan, { ...ask, lease: 0 }, deps);
        ({ admission, countedIn } = await count(operation, ask, deps));
      }
      deps.onCounted?.(countedIn);
      if (admission.refusal) {
        const refusal = refusalOf(plan, admission.refusal);
        remember(known, plan, admission.refusal, refusal, ask.images);
        throw refusal;
      }
      if (countedIn === "everywhere" && ask.lease) leases.take(plan, ask.lease);
      const end = oneEnd(operation, { countedIn, admission }, deps);
      return { found: admission.found, countedIn, headers: headersOf(plan, admission), end };
    },
  };
}

const admittedFreely: Admitted = { found: [], countedIn: "nowhere", headers: {}, end: () => {} };

/** Longer than any request takes: a place whose gateway died comes free by itself. */
const longestPlaceMs = 600_000;

function operationOf(
  plan: AdmissionPlan,
  ask: AdmissionAsk,
  { clock, used, name }: AdmissionDeps,
): AdmitOperation {
  const { images, lookups, uncached, nanoUsdEach, lease = 0 } = ask;
  const cost = images + lease;
  const budgets = monthlyBudgets(plan, {
    images,
    uncached,
    nanoUsdEach,
    used: used(plan.tag),
    now: clock.now(),
  });
  return {
    kind: "admit",
    tag: plan.tag,
    rates: cost === 1 ? plan.rates : plan.rates.map((rate) => ({ ...rate, cost })),
    ...(plan.places ? { places: { ...plan.places, member: name(), ttlMs: longestPlaceMs } } : {}),
    budgets,
    lookups,
  };
}

type Counted = { readonly admission: Admitting; readonly countedIn: CountedIn };

async function count(operation: AdmitOperation, ask: AdmissionAsk, deps: AdmissionDeps): Promise<Counted> {
  try {
    const { softState, shared, gateways } = deps;
    const [admission] = await softState.apply([shared ? operation : shareOf(operation, gateways())]);
    return { admission, countedIn: "everywhere" };
  } catch (error) {
    if (asTradewindError(error).code !== "soft_state_unavailable") throw error;
    return await countWithout(operation, ask, deps, error);
  }
}

/** The shared state is away: the route says what that means. What it would have found is not found. */
async function countWithout(
  operation: AdmitOperation,
  { whenAway, lookups }: AdmissionAsk,
  { local, gateways }: AdmissionDeps,
  cause: unknown,
): Promise<Counted> {
  const found = lookups.map(() => ({ value: undefined, claimed: false }));
  if (whenAway === "closed") {
    const why = "limits cannot be counted at the moment, and this route does not answer without";
    throw new TradewindError("limits_unavailable", why, { cause, retryAfterMs: 1_000 });
  }
  if (whenAway === "open") {
    const admission = { admitted: true, rates: [], taken: 0, spent: [], found };
    return { admission, countedIn: "nowhere" };
  }
  const [admission] = await local.apply([{ ...shareOf(operation, gateways()), lookups: [] }]);
  return { admission: { ...admission, found }, countedIn: "here" };
}

/** Limits return with time, which is known; what is reserved of a budget may come back at any moment. */
function remember(
  known: ReturnType<typeof createKnownExhausted>,
  plan: AdmissionPlan,
  { by, retryMs }: NonNullable<Admitting["refusal"]>,
  refusal: TradewindError,
  images: number,
): void {
  if (by === "rates" && images === 1 && Number.isFinite(retryMs)) known.remember(plan, refusal, retryMs);
  if (by === "budgets") known.remember(plan, refusal, Math.min(retryMs, 250));
}

function oneEnd(
  operation: AdmitOperation,
  { countedIn, admission }: Counted,
  { softState, local }: AdmissionDeps,
): Admitted["end"] {
  const store = countedIn === "everywhere" ? softState : local;
  let ended = countedIn === "nowhere";
  const reserved = reservedOf(operation, admission);
  return (used) => {
    if (ended) return;
    ended = true;
    const operations = corrections(operation, reserved, used);
    if (operations.length === 0) return;
    store.apply(operations).catch((error: unknown) => {
      sideConcernSkipped.publish({ what: "settling a request", error });
    });
  };
}

type Amounts = { readonly images: number; readonly nanoUsd: number };

type Reserved = { readonly budget: Budget; readonly amount: number };

function reservedOf({ budgets }: AdmitOperation, { found }: Admitting): Reserved[] {
  const missing = found.filter(({ value }) => value === undefined).length;
  return budgets.map((budget) => ({ budget, amount: budget.cost + missing * budget.costEach }));
}

function corrections(
  { tag, places }: AdmitOperation,
  reserved: readonly Reserved[],
  used: Amounts | undefined,
): SoftOperation[] {
  const settled = reserved.flatMap(({ budget: { key }, amount }): SettleOperation[] => {
    if (!used) return [];
    const by = (countsMoney(key) ? used.nanoUsd : used.images) - amount;
    return by === 0 ? [] : [{ kind: "settle", tag, key, by }];
  });
  return places ? [{ kind: "leave", tag, key: places.key, member: places.member }, ...settled] : settled;
}

/** What is allowed, and what is left of it now: the newest draft of the RateLimit fields. */
function headersOf(
  { policy, names }: AdmissionPlan,
  admission: Admitting | undefined,
): Record<string, string> {
  if (policy === undefined) return {};
  if (!admission || admission.rates.length === 0) return { "ratelimit-policy": policy };
  const left = admission.rates.map(
    ({ remaining, resetMs }, place) => `"${names[place]}";r=${remaining};t=${Math.ceil(resetMs / 1000)}`,
  );
  return { "ratelimit-policy": policy, ratelimit: left.join(", ") };
}
