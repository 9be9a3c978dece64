import type { Clock } from "#infra/runtime/clock.ts";

/** Keeps what comes over the line within a number of bytes a second. */
export type Pace = {
  /** To be called with bytes that have arrived; resolves when more may be read. */
  readonly take: (bytes: number, options: { readonly signal: AbortSignal }) => Promise<void>;
};

export type PaceOptions = {
  readonly bytesPerSecond: number;
  readonly clock: Clock;
  /** What may come at once after a rest; a second's worth where nothing is said. */
  readonly burstBytes?: number;
};

/**
 * A bucket of tokens that may go into debt, since bytes are counted when they are here: the next are read when the debt
 * is paid. Shared by all that is fetched, it holds for their sum.
 */
export function createPace({ bytesPerSecond, clock, burstBytes = bytesPerSecond }: PaceOptions): Pace {
  let tokens = burstBytes;
  let at = clock.elapsed();
  return {
    take: async (bytes, { signal }) => {
      const now = clock.elapsed();
      tokens = Math.min(burstBytes, tokens + ((now - at) / 1_000) * bytesPerSecond) - bytes;
      at = now;
      if (tokens < 0) await clock.sleep((-tokens / bytesPerSecond) * 1_000, { signal });
    },
  };
}

/** For a line that nobody wants to spare. */
export const noPace: Pace = { take: async () => {} };
