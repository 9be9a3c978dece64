import type { Clock } from "#infra/runtime/clock.ts";

/** Keeps somebody who does not answer from costing anything. */
export type Breaker = {
  /** The leave to try once, or nothing while nobody may. */
  readonly enter: () => Attempt | undefined;
};

export type Attempt = {
  /** To be said once: `open` where it says nothing of whoever was asked. */
  readonly end: (outcome: "answered" | "failed" | "open") => void;
};

export type BreakerOptions = {
  readonly clock: Pick<Clock, "elapsed">;
  readonly failures?: number;
  readonly firstPauseMs?: number;
  readonly longestPauseMs?: number;
};

/**
 *   CLOSED    everybody may try; failures in a row are counted
 *   PAUSED    after too many of them: nobody may, for a pause that doubles each time up to the longest
 *   TRYING    after the pause one may: an answer closes the breaker, a failure pauses it again
 */
export function createBreaker(options: BreakerOptions): Breaker {
  const { clock, failures: most = 3, firstPauseMs = 1_000, longestPauseMs = 60_000 } = options;
  let state: "CLOSED" | "PAUSED" | "TRYING" = "CLOSED";
  let failures = 0;
  let pauseMs = firstPauseMs;
  let until = 0;
  const pause = (): void => {
    state = "PAUSED";
    until = clock.elapsed() + pauseMs;
    pauseMs = Math.min(longestPauseMs, 2 * pauseMs);
  };
  const close = (): void => {
    [state, failures, pauseMs] = ["CLOSED", 0, firstPauseMs];
  };
  const among: Attempt = {
    end: (outcome) => {
      // What was sent before the pause began says nothing new.
      if (state !== "CLOSED" || outcome === "open") return;
      failures = outcome === "failed" ? failures + 1 : 0;
      if (failures >= most) pause();
    },
  };
  const alone: Attempt = {
    end: (outcome) => {
      if (outcome === "answered") close();
      else if (outcome === "failed") pause();
      // The next one may try at once.
      else state = "PAUSED";
    },
  };
  return {
    enter: () => {
      if (state === "CLOSED") return among;
      if (state === "TRYING" || clock.elapsed() < until) return undefined;
      state = "TRYING";
      return alone;
    },
  };
}
