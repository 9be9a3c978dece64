import { ascend } from "./bound/ascend.ts";
import { demandOf, type GridOptions, gridOf } from "./bound/demand.ts";
import type { Program } from "./bound/dual.ts";
import { boundByLives } from "./bound/price-by-work.ts";
import { fixedUsd, supplyOf } from "./bound/supply.ts";
import type { Fault, SimulatedFleet } from "./simulation/simulated-fleet.ts";
import type { Arrivals } from "./traces/arrivals.ts";

export type LowerBoundOptions = {
  readonly arrivals: Arrivals;
  readonly fleet: SimulatedFleet;
  /** In place of the route's own. */
  readonly sloMs?: number;
  readonly usdPerMiss?: number;
  /** Beside the fleet's own. */
  readonly faults?: readonly Fault[];
  readonly warmUpMs?: number;
  readonly spanMs?: number;
  /** Each of which may fill a backend before it hears of the others. */
  readonly gateways?: number;
  /** How long to look for a better bound. */
  readonly steps?: number;
};

export type LowerBound = {
  readonly kind: "LP relaxation";
  readonly requests: number;
  /** Dollars and misses together: no policy can cost less, however much it knows in advance. */
  readonly cost: number;
  readonly costPerMillion: number;
  /** Of it, what is paid whether anybody asks or not, and the rest. */
  readonly fixedUsd: number;
  readonly variableCost: number;
  /** No policy can serve a larger share in time, whatever it spends. */
  readonly attainment: number;
};

/**
 * What a run costs at least, for whoever knows all arrivals and all outages before they come. It is a relaxation, whose
 * every step only makes it cheaper: requests are divided at will between backends and instances, work is done at the
 * pace of the fullest batches at any time between arrival and deadline, a late request costs its miss and no work, and
 * instances start in time before they are wanted. Whole instances and the time they stand idle are kept, by a price
 * for each moment's arrivals (a Lagrangian); the prices are looked for in several cuts of the time, once more without them in
 * a fine cut, and the highest of the bounds counts, since each of them is one. Noise counts by its mean, so that a single short run may be luckier.
 */
export function lowerBound(options: LowerBoundOptions): LowerBound {
  const { arrivals, fleet, warmUpMs = 0, spanMs = 0, steps = 120 } = options;
  const faults = [...fleet.faults, ...(options.faults ?? [])];
  const toMs = Math.max(spanMs, arrivals.atMs[arrivals.count - 1] ?? 0, warmUpMs);
  let fixed = 0;
  for (const backend of fleet.backends) fixed += fixedUsd(backend, faults, { fromMs: warmUpMs, toMs });
  const fine = programOf(options, faults, fineCut);
  const { requests } = fine.demand;
  const byLives = boundByLives(fine);
  const attainment = requests === 0 ? 1 : Math.min(1, byLives.served / requests);
  let variableCost = byLives.usd;
  for (const cut of cuts)
    variableCost = Math.max(variableCost, ascend(programOf(options, faults, cut), steps));
  const cost = fixed + variableCost;
  const costPerMillion = requests === 0 ? 0 : (cost * 1e6) / requests;
  return { kind: "LP relaxation", requests, cost, costPerMillion, fixedUsd: fixed, variableCost, attainment };
}

type Cut = Pick<GridOptions, "times" | "borrows" | "mostBuckets">;

/** Where nothing has to stand, buckets may be short, so that a burst finds no more room than there is. */
const fineCut: Cut = { times: 1 / 16, borrows: true, mostBuckets: 500_000 };

/** Short buckets that lend to the next see bursts best; long ones that don't count no arrival twice. */
const cuts: readonly Cut[] = [
  { times: 1, borrows: true, mostBuckets: 60_000 },
  { times: 4, borrows: false, mostBuckets: 60_000 },
  { times: 16, borrows: false, mostBuckets: 60_000 },
];

function programOf(
  { arrivals, fleet, warmUpMs = 0, gateways = 1, ...options }: LowerBoundOptions,
  faults: readonly Fault[],
  cut: Cut,
): Program {
  const { sloMs = fleet.route.sloMs, usdPerMiss = fleet.route.money.usdPerMiss } = options;
  const grid = gridOf(arrivals, { fromMs: warmUpMs, sloMs, ...cut });
  const demand = demandOf(arrivals, grid);
  const supplies = fleet.backends.map((backend) => supplyOf(backend, { grid, demand, faults, gateways }));
  return { grid, demand, supplies, usdPerMiss };
}
