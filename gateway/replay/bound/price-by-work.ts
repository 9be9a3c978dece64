import type { Program } from "./dual.ts";
import { roomOf, servedWithin } from "./flow.ts";
import type { Supply } from "./supply.ts";

/** As if an instance's standing could be paid by the answer. */
export function priceByWork(supply: Supply): Supply {
  const { life, usdEach, room } = supply;
  if (!life) return supply;
  const each = usdEach.map(
    (usd, bucket) => usd + (room[bucket] ? (life.standsUsd[bucket] ?? 0) / room[bucket] : 0),
  );
  return { ...supply, usdEach: each, life: undefined };
}

export type ByWork = { readonly usd: number; readonly served: number };

/**
 * The same, and more where something has to stand: either nobody ever starts one of those, or at least one start and one
 * idle time are paid beside the work.
 */
export function boundByLives(program: Program): ByWork {
  const all = boundByWork(program);
  const free = program.supplies.filter(({ life }) => !life);
  if (free.length === program.supplies.length) return all;
  let least = Number.POSITIVE_INFINITY;
  for (const { life } of program.supplies)
    if (life) least = Math.min(least, leastIn(life.endUsd) + (life.isThere ? 0 : leastIn(life.startUsd)));
  const none = boundByWork({ ...program, supplies: free });
  return { usd: Math.min(none.usd, all.usd + least), served: all.served };
}

function leastIn(values: Float64Array): number {
  return values.reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY);
}

/**
 * The bound where everything is paid by the answer: the cheapest serves as many as it can, the next as many more as both
 * can together, and so on, which no other division undercuts. No bucket is too short for it, and each arrival has exactly
 * as many of them as its deadline touches, wherever it waits meanwhile.
 */
export function boundByWork({ grid, demand, supplies, usdPerMiss }: Program): ByWork {
  const priced = supplies
    .map((supply) => ({ supply, usd: leastUsd(priceByWork(supply), demand.bytes, demand.count) }))
    .toSorted((one, other) => one.usd - other.usd);
  const buckets = Math.ceil(grid.sloMs / grid.widthMs - 1e-9);
  let [usd, served] = [0, 0];
  let most = 0;
  for (let count = 1; count <= priced.length; count += 1) {
    const first = priced.slice(0, count).map(({ supply }) => supply);
    const room = roomOf(first, grid);
    const together = Math.max(most, servedWithin(demand.count, room, buckets));
    const price = priced[count - 1]?.usd ?? 0;
    if (price < usdPerMiss) {
      usd += price * (together - served);
      served = together;
    }
    most = together;
  }
  return { usd: usd + usdPerMiss * (demand.requests - served), served: most };
}

/** Of any answer, at the best time for it. */
function leastUsd({ usdEach, room, usdPerByte }: Supply, bytes: Float64Array, count: Float64Array): number {
  let [each, smallest] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let bucket = 0; bucket < usdEach.length; bucket += 1) {
    if ((room[bucket] ?? 0) > 0) each = Math.min(each, usdEach[bucket] ?? 0);
    if ((count[bucket] ?? 0) > 0) smallest = Math.min(smallest, bytes[bucket] ?? 0);
  }
  return each + (smallest === Number.POSITIVE_INFINITY ? 0 : smallest) * usdPerByte;
}
