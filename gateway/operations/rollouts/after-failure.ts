import type { TradewindError } from "#infra/runtime/errors.ts";
import { goBack, isLate, type Next, onwards, type Sight } from "./plan-rollout.ts";
import type { Rollout } from "./rollout.ts";

/**
 * What comes after a deed that failed. On the way forward, what cannot pass by itself takes the rollout back, as does what
 * does not pass in time. On the way back it is tried again; only what cannot be taken back at a platform is left there in
 * the end, so that the others still go back.
 */
export function afterFailure(
  rollout: Rollout,
  error: TradewindError,
  sight: Sight,
): Exclude<Next, { readonly kind: "do" }> {
  const { state, wanted } = rollout;
  const told = `${error.code}: ${error.message}`;
  const again = { kind: "wait", why: `tries again: ${told}` } as const;
  if (state.step === "undo") {
    if (!isLate(rollout, sight, wanted.patienceMs)) return again;
    return { kind: "move", move: onwards(rollout, `could not be taken back: ${told}`) };
  }
  if (state.step === "withdraw" || state.step === "retire") return again;
  const mayPass = error.kind.retryable && !isLate(rollout, sight, wanted.readyMs);
  return mayPass ? again : goBack(rollout, told);
}
