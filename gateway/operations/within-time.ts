import { TradewindError } from "#infra/runtime/errors.ts";
import { unlessAborted } from "#infra/runtime/postgres/lend-connection.ts";

export type Within = { readonly signal: AbortSignal; readonly ms: number; readonly what: string };

/**
 * Work that a cloud does for us, under a signal that ends it in time; being late is the cloud's failure, and is told so.
 * What does not hear the signal is left behind, as a lost answer would be.
 */
export async function withinTime<Result>(
  { signal, ms, what }: Within,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const late = AbortSignal.timeout(ms);
  try {
    const ending = AbortSignal.any([signal, late]);
    return await unlessAborted(ending, () => work(ending));
  } catch (cause) {
    if (signal.aborted || !late.aborted) throw cause;
    throw new TradewindError("provider_unavailable", `${what}: no answer within ${ms / 1000} s`, { cause });
  }
}
