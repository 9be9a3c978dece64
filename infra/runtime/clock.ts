import { setTimeout as sleep } from "node:timers/promises";

/** Time as an argument, so that a test can hold it still. */
export type Clock = {
  /** Milliseconds since 1970, for records and expiry. */
  readonly now: () => number;
  /** Milliseconds that never run backwards, for durations. */
  readonly elapsed: () => number;
  readonly sleep: (ms: number, options?: { readonly signal?: AbortSignal }) => Promise<void>;
};

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: async (ms, { signal } = {}) => {
    await sleep(ms, undefined, signal ? { signal } : {});
  },
};
