import type { Clock } from "#infra/runtime/clock.ts";

export type KeepHeardOptions = {
  /** How often a device is expected to be heard of. */
  readonly everyMs: number;
  readonly tell: (options: { readonly signal: AbortSignal }) => Promise<void>;
  readonly clock: Pick<Clock, "sleep">;
  readonly signal: AbortSignal;
};

/** While a fetch takes longer than a gateway waits for news, it has some: nobody takes this device for lost. */
export async function keepHeard(work: () => Promise<void>, options: KeepHeardOptions): Promise<void> {
  const over = new AbortController();
  const telling = tellOnAndOn({ ...options, signal: AbortSignal.any([options.signal, over.signal]) });
  try {
    await work();
  } finally {
    over.abort(new Error("the report that follows says more"));
    await telling;
  }
}

async function tellOnAndOn({ everyMs, tell, clock, signal }: KeepHeardOptions): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(everyMs, { signal }).catch(() => undefined);
    // What cannot be told now is told with the next, or at the end, which also says why.
    if (!signal.aborted) await tell({ signal }).catch(() => undefined);
  }
}
