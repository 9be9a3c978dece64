import type { Samples } from "../interleave.ts";

export type Interval = { readonly mean: number; readonly low: number; readonly high: number };

/** The mean, and where it lies with a confidence of 95 % (Student's t); a single sample is all there is to know. */
export function interval95(samples: Samples): Interval {
  const { length } = samples;
  if (length === 0) throw new RangeError("nothing was measured");
  const mean = samples.reduce((sum, one) => sum + one, 0) / length;
  if (length === 1) return { mean, low: mean, high: mean };
  const squares = samples.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  const half = tFor(length - 1) * Math.sqrt(squares / (length - 1) / length);
  return { mean, low: mean - half, high: mean + half };
}

/** Two-sided 95 % quantiles for 1 to 30 degrees of freedom; beyond them hardly anything changes. */
const quantiles = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

function tFor(freedom: number): number {
  return quantiles[freedom - 1] ?? 1.96 + 2.46 / freedom;
}
