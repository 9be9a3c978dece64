/** Where a thing may lie that was only sampled, with a chance of error of e to the power of minus `doubts` on either side. */
export type Bounds = { readonly low: number; readonly high: number };

/** Of a share, by Chernoff's bound, which holds for any number of samples. */
export function boundsOfShare(hits: number, samples: number, doubts: number): Bounds {
  if (!(samples > 0)) return { low: 0, high: 1 };
  const seen = Math.min(1, Math.max(0, hits / samples));
  const isLikely = (share: number) => samples * divergence(seen, share) <= doubts;
  return { low: farthest(seen, 0, isLikely), high: farthest(seen, 1, isLikely) };
}

/**
 * Which parts of the samples lie below a quantile: the samples at those ranks are its bounds. The high one is undefined
 * where too few were taken for any of them to lie above it for sure.
 */
export function ranksOfQuantile(
  quantile: number,
  samples: number,
  doubts: number,
): { readonly low: number; readonly high: number | undefined } {
  const isLikely = (rank: number) => samples * divergence(rank, quantile) <= doubts;
  const high = isLikely(1) ? undefined : farthest(quantile, 1, isLikely);
  return { low: farthest(quantile, 0, isLikely), high };
}

/** Of the mean of numbers between 0 and 1, by the empirical Bernstein bound: the less they vary, the nearer. */
export function boundsOfMean(
  { mean, variance, samples }: { readonly mean: number; readonly variance: number; readonly samples: number },
  doubts: number,
): Bounds {
  if (samples < 2) return { low: 0, high: 1 };
  const odds = Math.LN2 + doubts;
  const off = Math.sqrt((2 * variance * odds) / samples) + (7 * odds) / (3 * (samples - 1));
  return { low: Math.max(0, mean - off), high: Math.min(1, mean + off) };
}

/** How unlike two shares are, as the evidence of one sample counts it. */
function divergence(seen: number, share: number): number {
  return part(seen, share) + part(1 - seen, 1 - share);
}

function part(seen: number, share: number): number {
  return seen === 0 ? 0 : seen * Math.log(seen / share);
}

/** The last likely point on the way from a likely one to an end. */
function farthest(from: number, end: number, isLikely: (point: number) => boolean): number {
  if (isLikely(end)) return end;
  let [likely, unlikely] = [from, end];
  for (let turn = 0; turn < 50; turn += 1) {
    const middle = (likely + unlikely) / 2;
    if (isLikely(middle)) likely = middle;
    else unlikely = middle;
  }
  return likely;
}
