import type { Mixture } from "../plan/find-mixed.ts";
import type { Range } from "../scales.ts";

/** Widens the ranges of the kinds of channels by what one run gave, [1, channels, ...]. */
export function widenByKind(
  ranges: readonly Range[],
  mixture: Mixture,
  values: Float32Array,
): readonly Range[] {
  const channels = mixture.reduce((sum, count) => sum + count, 0);
  const each = values.length / channels;
  let from = 0;
  return mixture.map((count, kind) => {
    const part = values.subarray(from * each, (from + count) * each);
    from += count;
    return widened(ranges[kind] ?? { min: Infinity, max: -Infinity }, part);
  });
}

/** A range for each channel, of those of the kinds. */
export function perChannel(ranges: readonly Range[], mixture: Mixture): readonly Range[] {
  return mixture.flatMap((count, kind) => {
    const range = ranges[kind];
    return range === undefined ? [] : Array.from({ length: count }, () => range);
  });
}

function widened({ min, max }: Range, values: Float32Array): Range {
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}
