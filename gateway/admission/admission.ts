import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { createErrands, type Errands } from "#infra/runtime/soft-state/errands.ts";
import type { Admission as Admitting, SoftState } from "#infra/runtime/soft-state/soft-state.ts";
import type { Caller } from "../caller.ts";
import { type AdmissionPlan, planAdmission } from "./admission-plan.ts";
import { admitOperation, type OperationAsk } from "./admit-operation.ts";
import {
  type Counted,
  type CountedIn,
  type CountingDeps,
  countRequest,
  type WhenAway,
} from "./count-request.ts";
import { createKnownExhausted } from "./known-exhausted.ts";
import { createLeases, type Leases } from "./leases.ts";
import type { MonthUsed } from "./monthly-budgets.ts";
import { rateHeaders } from "./rate-headers.ts";
import { refusalOf } from "./refusal.ts";
import { isSettled, settling, type Used } from "./settling.ts";

export type { CountedIn } from "./count-request.ts";

export type AdmissionAsk = Omit<OperationAsk, "cost"> & {
  readonly caller: Caller;
  readonly model: string;
  readonly whenAway: WhenAway;
  /** How many requests to take at once, to spend the rest on answers out of memory; fewer where limits are narrow. */
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
  readonly end: (used?: Used) => void;
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
  /** The same soft state, where others' calls are to carry along what this could not settle. */
  readonly errands?: Errands;
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
  /** Longer than any request takes: so long a place is held, and a reservation can be settled, when nobody says more. */
  readonly placeMs?: number;
  readonly onCounted?: (countedIn: CountedIn) => void;
};

export function createAdmission(deps: AdmissionDeps): Admission {
  const known = createKnownExhausted(deps.clock);
  const leases = createLeases(deps.clock);
  const counting = { ...deps, errands: deps.errands ?? createErrands(deps.softState) };
  return {
    refuseExhausted: (caller, model) => known.check(planAdmission(caller, model)),
    admitFromMemory: (caller, model) => {
      const plan = planAdmission(caller, model);
      if (plan.unbounded) return admittedFreely;
      const isLeased = plan.places.length === 0 && plan.monthly.images === undefined && leases.spend(plan);
      return isLeased ? { ...admittedFreely, headers: rateHeaders(plan) } : undefined;
    },
    reserve: async (ask) => {
      const plan = planAdmission(ask.caller, ask.model);
      if (plan.monthly.nanoUsd === undefined) return admittedFreely;
      const whole = { ...ask, images: 0, uncached: 1, lookups: [], cost: 0 };
      const operation = admitOperation({ ...plan, rates: [], places: [] }, whole, deps);
      const counted = await countRequest(operation, ask.whenAway, counting);
      const { refusal } = counted.admission;
      if (refusal) throw refusalOf(plan, refusal, rateHeaders(plan));
      return { end: endOnce(counted, counting) };
    },
    admit: async (ask) => {
      const plan = planAdmission(ask.caller, ask.model);
      if (plan.unbounded && ask.lookups.length === 0) return admittedFreely;
      const count = (cost: number): Promise<Counted> =>
        countRequest(admitOperation(plan, { ...ask, cost }, deps), ask.whenAway, counting);
      const counted = await countLeased(plan, ask, { leases, count });
      const { admission, countedIn } = counted;
      deps.onCounted?.(countedIn);
      if (!leases.has(plan)) known.learn(plan, counted);
      const headers = rateHeaders(plan, admission.rates);
      if (admission.refusal) throw refusalOf(plan, admission.refusal, headers);
      return { found: admission.found, countedIn, headers, end: endOnce(counted, counting) };
    },
  };
}

const admittedFreely: Admitted = { found: [], countedIn: "nowhere", headers: {}, end: () => {} };

type Leasing = { readonly leases: Leases; readonly count: (cost: number) => Promise<Counted> };

/** Pays from a lease where there is one, and else asks for one on the way, where that is wanted. */
async function countLeased(
  plan: AdmissionPlan,
  { images, lease: wanted = 0 }: AdmissionAsk,
  { leases, count }: Leasing,
): Promise<Counted> {
  if (images === 1 && leases.spend(plan)) return await count(0);
  const lease = leases.ask(plan, wanted);
  if (lease === 0) return await count(images);
  let taken = 0;
  try {
    const counted = await count(images + lease);
    const { refusal } = counted.admission;
    if (!refusal && counted.countedIn !== "nowhere") taken = lease;
    // There was not enough for a lease, but there may be for this one request.
    return refusal?.by === "rates" ? await count(images) : counted;
  } finally {
    leases.take(plan, taken);
  }
}

/** Local counts have no place to go but here, so what fails there is told and forgotten. */
function endOnce(
  { countedIn, operation, admission, unheard }: Counted,
  { errands, local }: Pick<CountingDeps, "errands" | "local">,
): Admitted["end"] {
  let ended = false;
  return (used) => {
    if (ended) return;
    ended = true;
    if (unheard) errands.run(settling(unheard, used));
    if (countedIn === "nowhere") return;
    const unsettled = used && !isSettled(operation, admission, used) ? used : undefined;
    const operations = settling(operation, unsettled);
    if (countedIn === "everywhere") return errands.run(operations);
    local.apply(operations).catch((error: unknown) => {
      sideConcernSkipped.publish({ what: "settling a request", error });
    });
  };
}
