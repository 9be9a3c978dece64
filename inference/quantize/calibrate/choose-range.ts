import type { Range } from "../scales.ts";
import { type Histogram, rangeOf } from "./histogram.ts";

/** How the range of a tensor is chosen from what was seen of it. */
export type Calibration = "minmax" | "percentile" | "entropy";

export function isCalibration(text: string): text is Calibration {
  return text === "minmax" || text === "percentile" || text === "entropy";
}

/** All that was seen but a hundred-thousandth part, half of it at either end: rare numbers make the grid coarse for all. */
export function percentileRange(histogram: Histogram, kept = 0.99999): Range {
  const { counts } = histogram;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const cut = (total * (1 - kept)) / 2;
  let [low, below] = [0, counts[0] ?? 0];
  while (below <= cut && low < counts.length - 1) below += counts[++low] ?? 0;
  let [high, above] = [counts.length, counts[counts.length - 1] ?? 0];
  while (above <= cut && high > low + 1) above += counts[--high - 1] ?? 0;
  return total > 0 ? rangeOf(histogram, low, high) : histogram.range;
}

/** Ends that are tried on either side. */
const tries = 96;

/** The range that loses least of what the numbers tell: the least divergence between them and what the grid leaves of them. */
export function entropyRange(histogram: Histogram): Range {
  const zero = zeroBin(histogram);
  // Zeros are exact on any grid: as many as an activation leaves, they would draw the range to where they are.
  const counts = Float64Array.from(histogram.counts);
  counts[zero] = Math.min(counts[zero] ?? 0, Math.max(counts[zero - 1] ?? 0, counts[zero + 1] ?? 0));
  const high = best(ends(zero + 1, counts.length), (end) => divergence(counts, 0, end));
  const low = best(ends(zero, 0), (start) => divergence(counts, start, high));
  return rangeOf(histogram, Math.min(low, high - 1), high);
}

/** 0 stays within the range, whatever is cut off. */
function zeroBin({ range: { min, max }, counts }: Histogram): number {
  if (min >= 0 || max <= min) return 0;
  return Math.min(counts.length - 1, Math.max(0, Math.floor((-min / (max - min)) * counts.length)));
}

/** From the whole range inwards, so that of equals the widest wins; less than a twentieth of a side is never all of it. */
function ends(near: number, far: number): number[] {
  return Array.from({ length: tries }, (_, index) => Math.round(far + ((near - far) * 0.95 * index) / tries));
}

function best(candidates: readonly number[], lossOf: (candidate: number) => number): number {
  let [found = 0] = candidates;
  let least = lossOf(found);
  for (const candidate of new Set(candidates)) {
    const loss = lossOf(candidate);
    if (loss < least) [found, least] = [candidate, loss];
  }
  return found;
}

const levels = 256;

/** Kullback and Leibler's divergence of what is left on the grid from what was there; what is cut off piles up at the ends. */
function divergence(counts: Float64Array, low: number, high: number): number {
  const kept = counts.slice(low, high);
  const cut = piledUp(counts, kept, low, high);
  const total = cut.reduce((sum, count) => sum + count, 0);
  const keptTotal = kept.reduce((sum, count) => sum + count, 0);
  if (total === 0 || keptTotal === 0) return Infinity;
  const onGrid = spreadOverLevels(kept);
  let sum = 0;
  for (let bin = 0; bin < cut.length; bin += 1) {
    const share = (cut[bin] ?? 0) / total;
    if (share > 0) sum += share * Math.log(share / Math.max((onGrid[bin] ?? 0) / keptTotal, 1e-12));
  }
  return sum;
}

function piledUp(counts: Float64Array, kept: Float64Array, low: number, high: number): Float64Array {
  const piled = Float64Array.from(kept);
  const sumOf = (part: Float64Array): number => part.reduce((sum, count) => sum + count, 0);
  piled[0] = (piled[0] ?? 0) + sumOf(counts.subarray(0, low));
  piled[piled.length - 1] = (piled[piled.length - 1] ?? 0) + sumOf(counts.subarray(high));
  return piled;
}

/** Each level of the grid stands for the bins that it covers, as far as they were not empty. */
function spreadOverLevels(kept: Float64Array): Float64Array {
  const spread = new Float64Array(kept.length);
  const each = Math.max(1, kept.length / levels);
  for (let start = 0; start < kept.length; start += each) {
    const [from, to] = [Math.floor(start), Math.min(kept.length, Math.floor(start + each))];
    let [sum, filled] = [0, 0];
    for (let bin = from; bin < to; bin += 1) {
      sum += kept[bin] ?? 0;
      if ((kept[bin] ?? 0) > 0) filled += 1;
    }
    for (let bin = from; bin < to; bin += 1) if ((kept[bin] ?? 0) > 0) spread[bin] = sum / filled;
  }
  return spread;
}
