import type { Seeded } from "../seeded.ts";
import { usualBytes } from "./arrivals.ts";

/** How large images are that a trace is silent about. */
export type SizeTerms = {
  readonly medianBytes?: number;
  /** The deviation of the size's logarithm: 0 makes all of them the median, photos of one camera have about 0.4. */
  readonly spread?: number;
};

const mostBytes = 100_000_000;

/** Gives one size after the other, lognormal around the median. */
export function createSizes(
  { medianBytes = usualBytes, spread = 0 }: SizeTerms,
  seeded: Seeded,
): () => number {
  if (!(medianBytes >= 1 && medianBytes <= mostBytes))
    throw new RangeError(`no image has ${medianBytes} bytes`);
  if (!(spread >= 0 && spread <= 3)) throw new RangeError(`a spread lies between 0 and 3, not at ${spread}`);
  if (spread === 0) return () => medianBytes;
  return () => clamp(Math.round(medianBytes * Math.exp(spread * seeded.normal())));
}

function clamp(bytes: number): number {
  return Math.min(mostBytes, Math.max(1, bytes));
}
