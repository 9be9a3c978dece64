import { type Dual, dualOf, type Program } from "./dual.ts";
import { flowOf, roomOf } from "./flow.ts";
import { priceByWork } from "./price-by-work.ts";
import type { Supply } from "./supply.ts";

/** Prices tried between nothing and what a miss costs, and steps from the best of them. */
const caps = [0.001, 0.003, 0.01, 0.03, 0.06, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1];

/** The best bound that is found in so many steps; each one is a bound, so that stopping early only makes it looser. */
export function ascend(program: Program, steps: number): number {
  let best: { usd: number; prices: Float64Array } = { usd: 0, prices: new Float64Array(program.grid.count) };
  for (const prices of beginnings(program)) {
    const { usd } = dualOf(program, prices);
    if (usd > best.usd) best = { usd, prices };
  }
  return climb(program, best.prices, steps);
}

/** What one more arrival would cost in each bucket, with and without those that have to stand, and no more than a cap. */
function* beginnings(program: Program): Generator<Float64Array> {
  const free = program.supplies.filter(({ life }) => !life);
  const all = program.supplies.map(priceByWork);
  for (const supplies of [free, all]) {
    const exact = marginalPrices(program, supplies);
    for (const cap of caps) yield exact.map((price) => Math.min(price, cap * program.usdPerMiss));
  }
}

/** From the cheapest on, until one has room. */
function marginalPrices(program: Program, supplies: readonly Supply[]): Float64Array {
  const { grid, demand, usdPerMiss } = program;
  const prices = new Float64Array(grid.count).fill(usdPerMiss);
  const ordered = supplies.toSorted((one, other) => meanUsd(one, program) - meanUsd(other, program));
  for (let count = ordered.length; count > 0; count -= 1) {
    const last = ordered[count - 1];
    const { hasRoom } = flowOf(demand, roomOf(ordered.slice(0, count), grid), grid);
    for (let bucket = 0; bucket < grid.count; bucket += 1) {
      if (!last || !hasRoom[bucket]) continue;
      const usd = (last.usdEach[bucket] ?? 0) + (demand.bytes[bucket] ?? 0) * last.usdPerByte;
      prices[bucket] = Math.min(usdPerMiss, usd);
    }
  }
  return prices;
}

function meanUsd({ usdEach, usdPerByte }: Supply, { demand }: Program): number {
  let sum = 0;
  for (let bucket = 0; bucket < usdEach.length; bucket += 1)
    sum += (usdEach[bucket] ?? 0) + (demand.bytes[bucket] ?? 0) * usdPerByte;
  return sum / Math.max(1, usdEach.length);
}

/** Subgradient steps towards a target above the best so far; the target comes nearer where it is not reached. */
function climb(program: Program, start: Float64Array, steps: number): number {
  let [prices, dual] = [start, dualOf(program, start)];
  let [best, bestPrices] = [dual.usd, start];
  let [reach, failed] = [0.2, 0];
  for (let step = 0; step < steps && reach > 1e-5; step += 1) {
    prices = moved(program, { prices, dual, target: best + reach * Math.max(best, 1e-9) });
    dual = dualOf(program, prices);
    if (dual.usd > best * (1 + 1e-7)) [best, bestPrices, failed] = [dual.usd, prices, 0];
    else failed += 1;
    if (failed < 6) continue;
    [reach, failed, prices] = [reach / 2, 0, bestPrices];
    dual = dualOf(program, prices);
  }
  return best;
}

type Move = { readonly prices: Float64Array; readonly dual: Dual; readonly target: number };

/** Busy buckets weigh as much as quiet ones. */
function moved({ demand, usdPerMiss }: Program, { prices, dual, target }: Move): Float64Array {
  const { slope } = dual;
  let square = 0;
  for (let bucket = 0; bucket < slope.length; bucket += 1)
    square += (slope[bucket] ?? 0) ** 2 / ((demand.count[bucket] ?? 0) + 1);
  if (square === 0) return prices;
  const pace = (target - dual.usd) / square;
  return prices.map((price, bucket) => {
    const next = price + (pace * (slope[bucket] ?? 0)) / ((demand.count[bucket] ?? 0) + 1);
    return Math.min(usdPerMiss, Math.max(0, next));
  });
}
