import type { Clock } from "#infra/runtime/clock.ts";
import { paceOf } from "#infra/runtime/soft-state/pace.ts";
import type { Rate } from "#infra/runtime/soft-state/soft-state.ts";
import type { AdmissionPlan } from "./admission-plan.ts";
import type { Counted } from "./count-request.ts";
import { rateHeaders } from "./rate-headers.ts";
import { type Refusal, refusalOf } from "./refusal.ts";

/**
 * Who has nothing left, not even for one image, stays refused until there is something again, without a word to Redis and
 * before a byte of the body is read. A month's money is never remembered, since what is found in a cache is free. Plans
 * are held weakly: a caller whose limits were changed has another plan, and with it a clean slate.
 */
export type KnownExhausted = {
  /** Looks at how things stand after an admission, whether it was refused or not. */
  readonly learn: (plan: AdmissionPlan, counted: Counted) => void;
  /** Throws the refusal that still holds, if one does. */
  readonly check: (plan: AdmissionPlan) => void;
};

type Remembered = { readonly refusal: Refusal; readonly retryAt: number; readonly until: number };

export function createKnownExhausted(clock: Pick<Clock, "elapsed">): KnownExhausted {
  const remembered = new WeakMap<AdmissionPlan, Remembered>();
  return {
    learn: (plan, counted) => {
      const spent = spentRate(counted) ?? spentImages(plan, counted);
      if (!spent) return;
      const { refusal, forMs } = spent;
      const now = clock.elapsed();
      remembered.set(plan, { refusal, retryAt: now + refusal.retryMs, until: now + forMs });
    },
    check: (plan) => {
      const known = remembered.get(plan);
      if (!known) return;
      const now = clock.elapsed();
      if (now < known.until) throw stillRefused(plan, { ...known.refusal, retryMs: known.retryAt - now });
      remembered.delete(plan);
    },
  };
}

function stillRefused(plan: AdmissionPlan, refusal: Refusal) {
  const { policy } = plan;
  if (refusal.by !== "rates") return refusalOf(plan, refusal, rateHeaders({ policy, names: [] }));
  const names = [plan.names[refusal.index] ?? ""];
  const left = [{ remaining: 0, resetMs: refusal.retryMs }];
  return refusalOf(plan, refusal, rateHeaders({ policy, names }, left));
}

type Spent = { readonly refusal: Refusal; readonly forMs: number };

/** Of the rates that let nothing more through the one that does so longest. */
function spentRate({ countedIn, operation, admission }: Counted): Spent | undefined {
  let refusal: Refusal | undefined;
  for (const [index, rate] of operation.rates.entries()) {
    const left = admission.rates[index];
    if (left?.remaining !== 0) continue;
    const retryMs = untilOne(rate, left.resetMs);
    if (retryMs > (refusal?.retryMs ?? 0)) refusal = { by: "rates", index, retryMs };
  }
  if (!refusal) return undefined;
  return { refusal, forMs: countedIn === "here" ? Math.min(refusal.retryMs, awayMs) : refusal.retryMs };
}

/** A gateway's own share is slow to come back, while the whole limit may be back with Redis at any moment. */
const awayMs = 1_000;

/** All of the burst but one comes back after the first. */
function untilOne(rate: Rate, resetMs: number): number {
  const { tick, unit } = paceOf(rate);
  const afterTheFirst = (((rate.burst - 1) * unit) / rate.most) * (tick / 1_000);
  return Math.max(1, Math.ceil(resetMs - afterTheFirst));
}

/** What others have reserved may come back at any moment. */
const reservedMs = 250;

/** Images come before money in the list of budgets. */
function spentImages({ monthly }: AdmissionPlan, { operation, admission }: Counted): Spent | undefined {
  const { refusal, spent } = admission;
  if (refusal?.by !== "budgets" || refusal.index !== 0 || monthly.images === undefined) return undefined;
  const [count = 0, most = 0] = [spent[0], operation.budgets[0]?.most];
  return count >= most ? { refusal, forMs: Math.min(refusal.retryMs, reservedMs) } : undefined;
}
