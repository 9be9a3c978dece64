import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

export type TimeLimit = { readonly clock: Clock; readonly ms: number; readonly signal: AbortSignal };

/** Runs a task under a signal that is also aborted when its time is over. */
export async function withinTime<Result>(
  { clock, ms, signal }: TimeLimit,
  task: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const [finished, over] = [new AbortController(), new AbortController()];
  void clock.sleep(ms, { signal: finished.signal }).then(
    () => over.abort(tooSlow(ms)),
    () => {},
  );
  try {
    return await task(AbortSignal.any([signal, over.signal]));
  } finally {
    finished.abort();
  }
}

function tooSlow(ms: number): TradewindError {
  return new TradewindError("backend_failed", `the upstream server did not answer within ${ms / 1_000} s`);
}
