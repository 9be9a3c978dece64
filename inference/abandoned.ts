import { TradewindError } from "#infra/runtime/errors.ts";

/** Why nobody wants the answer any more: what the aborter said in our words, or else that the caller went away. */
export function abandoned(signal: AbortSignal): TradewindError {
  if (signal.reason instanceof TradewindError) return signal.reason;
  const message = "the caller left before the answer was ready";
  return new TradewindError("caller_left", message, { cause: signal.reason });
}
