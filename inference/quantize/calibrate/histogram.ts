import type { Range } from "../scales.ts";

/** How often numbers of each size were seen, over a range that is known to hold them all. */
export type Histogram = { readonly range: Range; readonly counts: Float64Array };

const bins = 2_048;

export function emptyHistogram(range: Range): Histogram {
  return { range, counts: new Float64Array(bins) };
}

/** Counts values in; what is no number is left out. */
export function countIn({ range, counts }: Histogram, values: Float32Array): void {
  const { min, max } = range;
  const perUnit = max > min ? bins / (max - min) : 0;
  for (let index = 0; index < values.length; index += 1) {
    const bin = Math.min(bins - 1, Math.max(0, ((values[index] as number) - min) * perUnit)) | 0;
    counts[bin] = (counts[bin] as number) + 1;
  }
}

/** The range of bins from `low` to before `high`. */
export function rangeOf({ range: { min, max }, counts }: Histogram, low: number, high: number): Range {
  const width = (max - min) / counts.length;
  return { min: low === 0 ? min : min + low * width, max: high === counts.length ? max : min + high * width };
}
