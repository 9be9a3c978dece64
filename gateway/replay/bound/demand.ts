import type { Arrivals } from "../traces/arrivals.ts";

/** How time is cut into buckets. */
export type Grid = {
  readonly fromMs: number;
  readonly widthMs: number;
  readonly count: number;
  readonly sloMs: number;
  /** Whether work may be done in the bucket after its arrival's; otherwise a bucket is longer by the deadline. */
  readonly borrows: boolean;
};

/** What comes in each bucket. */
export type Demand = {
  readonly requests: number;
  readonly count: Float64Array;
  /** The smallest image of each bucket: a bound may not count more for any. */
  readonly bytes: Float64Array;
};

export type GridOptions = {
  readonly fromMs: number;
  readonly sloMs: number;
  /** Buckets are so many times as long as the deadline, but no more than so many. */
  readonly times: number;
  readonly mostBuckets: number;
  readonly borrows: boolean;
};

export function gridOf(
  { atMs, count }: Arrivals,
  { fromMs, sloMs, times, mostBuckets, borrows }: GridOptions,
): Grid {
  const span = Math.max(0, (atMs[count - 1] ?? 0) - fromMs) + sloMs;
  const widthMs = Math.max(sloMs * times, span / mostBuckets);
  return { fromMs, widthMs, count: Math.floor(span / widthMs) + 2, sloMs, borrows };
}

export function demandOf({ atMs, bytes, count }: Arrivals, grid: Grid): Demand {
  const demand = {
    count: new Float64Array(grid.count),
    bytes: new Float64Array(grid.count).fill(Number.POSITIVE_INFINITY),
  };
  let requests = 0;
  for (let number = 0; number < count; number += 1) {
    const at = atMs[number] ?? 0;
    if (at < grid.fromMs) continue;
    const bucket = Math.floor((at - grid.fromMs) / grid.widthMs);
    demand.count[bucket] = (demand.count[bucket] ?? 0) + 1;
    demand.bytes[bucket] = Math.min(demand.bytes[bucket] ?? 0, bytes[number] ?? 0);
    requests += 1;
  }
  for (let bucket = 0; bucket < grid.count; bucket += 1)
    if (demand.count[bucket] === 0) demand.bytes[bucket] = 0;
  return { requests, ...demand };
}
