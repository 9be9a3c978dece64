import type { Rate } from "./soft-state.ts";

/**
 * A rate in whole numbers, so that nothing is lost by rounding however often it is asked: a level rises by `unit` for
 * each unit taken, falls by the rate's `most` a tick, and may stand at `capacity`. This is the generic cell rate
 * algorithm, with its theoretical arrival time counted from the last moment instead of from the beginning of time.
 */
export type Pace = {
  /** Microseconds. */
  readonly tick: number;
  readonly unit: number;
  readonly capacity: number;
};

/** Room for one level on top of another below 2 ** 53. */
const highest = 2 ** 52;

/** The finest ticks in which the level stays exact; a period of days with a burst of millions is counted in whole seconds. */
export function paceOf({ periodMs, burst }: Rate): Pace {
  for (const tick of [1, 1_000]) {
    const unit = (periodMs * 1_000) / tick;
    if (burst * unit <= highest) return { tick, unit, capacity: burst * unit };
  }
  const unit = Math.ceil(periodMs / 1_000);
  return { tick: 1_000_000, unit, capacity: burst * unit };
}

/** Divides whole numbers without the rounding of a quotient; for numbers below 2 ** 53. */
export function divideUp(dividend: number, divisor: number): number {
  const rest = dividend % divisor;
  return rest > 0 ? (dividend - rest) / divisor + 1 : dividend / divisor;
}

export function divideDown(dividend: number, divisor: number): number {
  return (dividend - (dividend % divisor)) / divisor;
}
