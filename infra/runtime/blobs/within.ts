import type { Clock } from "../clock.ts";

export type Within = { readonly clock: Clock; readonly ms: number; readonly signal: AbortSignal };

/** Work that is given up with its signal, or when its time is over, also where a library looks at neither. */
export async function within<Result>(
  { clock, ms, signal }: Within,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted();
  const [done, late] = [new AbortController(), new AbortController()];
  clock.sleep(ms, { signal: done.signal }).then(
    () => late.abort(new Error(`no answer within ${ms} ms`)),
    () => undefined,
  );
  const both = AbortSignal.any([signal, late.signal]);
  try {
    return await Promise.race([work(both), givenUp(both, done.signal)]);
  } finally {
    done.abort();
  }
}

function givenUp(signal: AbortSignal, done: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true, signal: done });
  });
}
