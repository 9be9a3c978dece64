import type { Clock } from "#infra/runtime/clock.ts";

export type Wanted = {
  /** It is done soon, once for all who want it meanwhile. */
  readonly want: () => void;
  /** When what is under way is done; nothing begins any more where the signal is aborted. */
  readonly idle: () => Promise<void>;
};

export type AtMostOnceOptions = {
  readonly everyMs: number;
  readonly clock: Pick<Clock, "sleep">;
  readonly signal: AbortSignal;
};

/** Work that many may want at any time, and that is done at once, but so often and no more; it must not fail. */
export function atMostOnce(work: () => Promise<void>, { everyMs, clock, signal }: AtMostOnceOptions): Wanted {
  let isWanted = false;
  let turning: Promise<void> | undefined;
  const turn = async (): Promise<void> => {
    while (isWanted && !signal.aborted) {
      isWanted = false;
      await work();
      await clock.sleep(everyMs, { signal }).catch(() => undefined);
    }
    turning = undefined;
  };
  return {
    want: () => {
      isWanted = true;
      turning ??= turn();
    },
    idle: async () => await turning,
  };
}
