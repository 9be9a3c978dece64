import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { AdmissionPlan } from "./admission-plan.ts";

/**
 * Who was refused stays refused until the time that was named, without a word to Redis and before a byte of the body is
 * read. Plans are held weakly: a caller whose limits were changed has another plan, and with it a clean slate.
 */
export type KnownExhausted = {
  readonly remember: (plan: AdmissionPlan, refusal: TradewindError, forMs: number) => void;
  /** Throws the refusal that still holds, if one does. */
  readonly check: (plan: AdmissionPlan) => void;
};

type Remembered = { readonly refusal: TradewindError; readonly until: number };

export function createKnownExhausted(clock: Pick<Clock, "elapsed">): KnownExhausted {
  const remembered = new WeakMap<AdmissionPlan, Remembered>();
  return {
    remember: (plan, refusal, forMs) => {
      remembered.set(plan, { refusal, until: clock.elapsed() + forMs });
    },
    check: (plan) => {
      const known = remembered.get(plan);
      if (!known) return;
      const retryAfterMs = known.until - clock.elapsed();
      if (retryAfterMs <= 0) remembered.delete(plan);
      else throw new TradewindError(known.refusal.code, known.refusal.message, { retryAfterMs });
    },
  };
}
