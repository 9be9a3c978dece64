/**
 * What sleeping backends are worth, in dollars. Late answers are counted as lacking capacity, and what a lane that may
 * sleep has saved against the next best one is its credit.
 */
export type Waking = {
  lackUsd: number;
  lackAt: number;
  readonly creditUsd: Float64Array;
  readonly creditAt: Float64Array;
  lookedAt: number;
};

/** A gateway that starts knows nothing of its bursts, so it begins as if so many requests had just been late. */
const lateAtFirst = 12;

export function createWaking(lanes: number, usdPerMiss: number): Waking {
  return {
    lackUsd: lateAtFirst * usdPerMiss,
    lackAt: 0,
    creditUsd: new Float64Array(lanes),
    creditAt: new Float64Array(lanes),
    lookedAt: Number.NEGATIVE_INFINITY,
  };
}
