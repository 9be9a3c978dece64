import type { Clock } from "#infra/runtime/clock.ts";

/** A link that brings less than this in each window is as good as gone. */
const windowMs = 30_000;
const leastBytes = 1_024;

export type Pace = Disposable & {
  /** Aborts when the caller gives up or the link drips. */
  readonly signal: AbortSignal;
  readonly count: (bytes: number) => void;
  readonly stalled: () => boolean;
};

/** Watches an answer from its asking to its last byte, whose parts come by `count`. */
export function watchPace(clock: Clock, signal: AbortSignal): Pace {
  const gaveUp = new AbortController();
  const done = new AbortController();
  let received = 0;
  let stalled = false;
  const watch = async (): Promise<void> => {
    for (let before = 0; ; before = received) {
      await clock.sleep(windowMs, { signal: done.signal });
      if (received - before >= leastBytes) continue;
      stalled = true;
      return gaveUp.abort();
    }
  };
  // Ends by being told that the answer is whole, which is no failure.
  watch().catch(() => undefined);
  return {
    signal: AbortSignal.any([signal, gaveUp.signal]),
    count: (bytes) => {
      received += bytes;
    },
    stalled: () => stalled,
    [Symbol.dispose]: () => done.abort(),
  };
}
