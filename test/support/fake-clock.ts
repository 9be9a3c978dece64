import type { Clock } from "#infra/runtime/clock.ts";

export type FakeClock = Clock & {
  /** Moves time on and wakes who slept until then, in the order of their waking. */
  readonly advance: (ms: number) => void;
};

type Sleeper = { readonly until: number; readonly wake: () => void };

/** When time begins, unless a test says otherwise. */
export const beginning = 1_700_000_000_000;

/** Time that stands still until the test moves it. */
export function createFakeClock({ startAt = beginning }: { readonly startAt?: number } = {}): FakeClock {
  const sleepers = new Set<Sleeper>();
  let elapsed = 0;
  return {
    now: () => startAt + elapsed,
    elapsed: () => elapsed,
    sleep: (ms, { signal } = {}) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const sleeper = { until: elapsed + ms, wake: resolve };
        sleepers.add(sleeper);
        const giveUp = (): void => {
          sleepers.delete(sleeper);
          reject(signal?.reason);
        };
        signal?.addEventListener("abort", giveUp, { once: true });
      }),
    advance: (ms) => {
      elapsed += ms;
      const due = [...sleepers].filter(({ until }) => until <= elapsed).sort((a, b) => a.until - b.until);
      for (const sleeper of due) {
        sleepers.delete(sleeper);
        sleeper.wake();
      }
    },
  };
}
