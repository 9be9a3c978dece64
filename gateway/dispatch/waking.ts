/**
 * What sleeping backends are worth, in dollars. Late answers are counted as lacking capacity, and what a lane that may
 * sleep has saved against the next best one is its credit.
 */
export type Waking = {
  lackUsd: number;
  lackAt: number;
  /** Requests since the start, as far as they matter. */
  seen: number;
  readonly creditUsd: Float64Array;
  readonly creditAt: Float64Array;
  lookedAt: number;
  /** Whether nothing stands but what is starting, as last looked. */
  isStarting: boolean;
};

/**
 * A gateway that starts knows nothing of its bursts, so as long as it has seen few requests it takes one in so many for
 * late: who is busy has room for a burst after a minute, and who is not never pays for it.
 */
const strangers = 8_000;
const lateOfStrangers = 0.002;

/** What is added to the lack for one more request, as a part of a late one. */
export function caution(waking: Waking): number {
  if (waking.seen >= strangers) return 0;
  waking.seen += 1;
  return lateOfStrangers;
}

export function createWaking(lanes: number): Waking {
  return {
    lackUsd: 0,
    seen: 0,
    lackAt: 0,
    creditUsd: new Float64Array(lanes),
    creditAt: new Float64Array(lanes),
    lookedAt: Number.NEGATIVE_INFINITY,
    isStarting: false,
  };
}
