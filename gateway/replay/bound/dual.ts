import type { Demand, Grid } from "./demand.ts";
import type { Life, Supply } from "./supply.ts";

/** What everything costs at least, were each bucket's arrivals worth so much to whoever serves them. */
export type Dual = {
  readonly usd: number;
  /** By how much the bound grows with each price: arrivals less those that are served at these prices. */
  readonly slope: Float64Array;
};

export type Program = {
  readonly grid: Grid;
  readonly demand: Demand;
  readonly supplies: readonly Supply[];
  readonly usdPerMiss: number;
};

/**
 * The Lagrangian of "every arrival is served or missed": at prices between nothing and what a miss costs, the worth of
 * all arrivals less what each backend could earn at most by itself is a lower bound, whichever the prices are.
 */
export function dualOf({ grid, demand, supplies }: Program, prices: Float64Array): Dual {
  const slope = demand.count.slice();
  let usd = 0;
  for (let bucket = 0; bucket < prices.length; bucket += 1)
    usd += (prices[bucket] ?? 0) * (demand.count[bucket] ?? 0);
  for (const supply of supplies) {
    const market = { grid, demand, prices, supply };
    usd -= supply.life ? earnStanding(market, supply.life, slope) : earnFreely(market, slope);
  }
  return { usd, slope };
}

type Market = {
  readonly grid: Grid;
  readonly demand: Demand;
  readonly prices: Float64Array;
  readonly supply: Supply;
};

/** What may be worked on in one bucket: the arrivals that earn more, and the others. */
type Choice = {
  first: number;
  firstCount: number;
  firstUsd: number;
  second: number;
  secondCount: number;
  secondUsd: number;
};

function earnFreely(market: Market, slope: Float64Array): number {
  const { supply, grid } = market;
  const choice = emptyChoice();
  let usd = 0;
  for (let bucket = 0; bucket < grid.count; bucket += 1) {
    const room = (supply.room[bucket] ?? 0) * supply.instances;
    if (room <= 0) continue;
    lookAt(choice, market, bucket);
    usd += earn(choice, 0, room);
    serve(choice, { from: 0, to: room, slope });
  }
  return usd;
}

/** Each further instance by itself: the first takes what earns most, the second what is left, until one earns nothing. */
function earnStanding(market: Market, life: Life, slope: Float64Array): number {
  let usd = 0;
  for (let level = 0; level < market.supply.instances; level += 1) {
    const earned = earnAt(market, life, { level, slope });
    if (earned <= 0) return usd;
    usd += earned;
  }
  return usd;
}

type Level = { readonly level: number; readonly slope: Float64Array };

/** The best times to stand, by looking at each bucket once. */
function earnAt(
  market: Market,
  { standsUsd, startUsd, endUsd, isThere }: Life,
  { level, slope }: Level,
): number {
  const { supply, grid } = market;
  const choice = emptyChoice();
  const from = new Uint8Array(grid.count);
  let [off, on] = [0, isThere ? 0 : Number.NEGATIVE_INFINITY];
  for (let bucket = 0; bucket < grid.count; bucket += 1) {
    const room = supply.room[bucket] ?? 0;
    lookAt(choice, market, bucket);
    const gain = earn(choice, level * room, (level + 1) * room) - (standsUsd[bucket] ?? 0);
    const ended = on - (endUsd[bucket] ?? 0);
    const started = off - (startUsd[bucket] ?? 0);
    from[bucket] = (started > on ? 1 : 0) + (ended > off ? 2 : 0);
    off = Math.max(off, ended);
    on = Math.max(on, started) + gain;
  }
  const last = on - (endUsd[grid.count - 1] ?? 0);
  serveStanding(market, { from, isOn: last > off, level, slope });
  return Math.max(off, last);
}

type Standing = Level & { readonly from: Uint8Array; readonly isOn: boolean };

/** Goes back over the decisions and takes what was served from the slope. */
function serveStanding(market: Market, { from, isOn: isOnLast, level, slope }: Standing): void {
  const choice = emptyChoice();
  let isOn = isOnLast;
  for (let bucket = market.grid.count - 1; bucket >= 0; bucket -= 1) {
    const how = from[bucket] ?? 0;
    if (!isOn) {
      isOn = (how & 2) !== 0;
      continue;
    }
    const room = market.supply.room[bucket] ?? 0;
    lookAt(choice, market, bucket);
    serve(choice, { from: level * room, to: (level + 1) * room, slope });
    isOn = (how & 1) === 0;
  }
}

function emptyChoice(): Choice {
  return { first: -1, firstCount: 0, firstUsd: 0, second: -1, secondCount: 0, secondUsd: 0 };
}

function lookAt(choice: Choice, { grid, demand, prices, supply }: Market, bucket: number): void {
  const before = grid.borrows ? bucket - 1 : -1;
  const each = supply.usdEach[bucket] ?? 0;
  const own = (prices[bucket] ?? 0) - each - (demand.bytes[bucket] ?? 0) * supply.usdPerByte;
  const old =
    before < 0
      ? Number.NEGATIVE_INFINITY
      : (prices[before] ?? 0) - each - (demand.bytes[before] ?? 0) * supply.usdPerByte;
  const isOwnFirst = own >= old;
  choice.first = isOwnFirst ? bucket : before;
  choice.second = isOwnFirst ? before : bucket;
  choice.firstUsd = Math.max(own, old);
  choice.secondUsd = Math.min(own, old);
  choice.firstCount = choice.firstUsd > 0 ? (demand.count[choice.first] ?? 0) : 0;
  choice.secondCount = choice.secondUsd > 0 ? (demand.count[choice.second] ?? 0) : 0;
}

/** Of all that earns something, sorted by how much, what the part between two places earns. */
function earn({ firstCount, firstUsd, secondCount, secondUsd }: Choice, from: number, to: number): number {
  const first = Math.max(0, Math.min(to, firstCount) - from);
  if (secondCount === 0) return first * firstUsd;
  const second = Math.max(0, Math.min(to, firstCount + secondCount) - Math.max(from, firstCount));
  return first * firstUsd + second * secondUsd;
}

type Part = { readonly from: number; readonly to: number; readonly slope: Float64Array };

function serve({ first, firstCount, second, secondCount }: Choice, { from, to, slope }: Part): void {
  if (firstCount > 0) slope[first] = (slope[first] ?? 0) - Math.max(0, Math.min(to, firstCount) - from);
  if (secondCount === 0) return;
  const served = Math.max(0, Math.min(to, firstCount + secondCount) - Math.max(from, firstCount));
  slope[second] = (slope[second] ?? 0) - served;
}
