import type { Chance } from "#infra/runtime/chance.ts";
import type { Lane } from "../../dispatch/pool.ts";
import type { OpenPolicy } from "../policy.ts";
import { choosing } from "./choosing.ts";
import { LatencyByLoad } from "./latency-by-load.ts";
import { type Reading, Readings } from "./readings.ts";
import { type Variant, variants } from "./variant.ts";

export type PrequalOptions = {
  readonly hedges: boolean;
  /** Who has more requests than this share of late readings is hot. */
  readonly hotQuantile: number;
  readonly probesPerRequest: number;
  /** Answers older than this say nothing of how fast a backend is. */
  readonly memoryMs: number;
};

export const prequalDefaults: PrequalOptions = {
  hedges: false,
  hotQuantile: 0.84,
  probesPerRequest: 3,
  memoryMs: 30_000,
};

/**
 * Hot and cold, lexicographically: among the readings at hand the fastest that is not hot, or if all are the one with
 * the fewest requests. A probe is modelled as a reading of what this gateway has there and has seen of it, free and at
 * once: it bills nobody, wakes nobody and knows nothing of other clients, which is kind to it where it has one gateway.
 * Hedges leave when any policy's would, within the same share of requests, whatever they cost.
 */
export function prequal(options: PrequalOptions = prequalDefaults): OpenPolicy {
  return ({ lanes }) => {
    const speeds = lanes.map(({ standing }) => new LatencyByLoad(options.memoryMs, standing.terms.prior));
    const readings = new Readings(lanes.length, options);
    const read = ({ place, standing }: Lane, now: number): Reading => {
      const load = standing.load(now) - 1;
      return { place, load, ms: speeds[place]?.estimate(load, now) ?? 0, at: now, uses: 0 };
    };
    return {
      choose: choosing((usable, { now }, chance) => {
        for (const lane of anyFew(lanes, options.probesPerRequest, chance)) readings.add(read(lane, now));
        return usable[readings.pick(usable, now) ?? Math.floor(chance.number() * usable.length)] as Lane;
      }),
      hedges: options.hedges,
      ...(options.hedges && { isWorthIt: () => true }),
      wakes: false,
      ended: ({ lane, sentAt, load, state }, now) => {
        if (state === "answered") speeds[lane.place]?.add({ load: load - 1, ms: now - sentAt, at: now });
      },
    };
  };
}

export const prequalGrid: readonly Variant[] = gridOf(false);
export const prequalHedgedGrid: readonly Variant[] = gridOf(true);

function gridOf(hedges: boolean): readonly Variant[] {
  const settings: PrequalOptions[] = [];
  for (const hotQuantile of [0.6, 0.75, 0.84, 0.95])
    for (const memoryMs of [5_000, 30_000, 120_000])
      settings.push({ ...prequalDefaults, hedges, hotQuantile, memoryMs });
  return variants(prequal, settings);
}

/** So many different ones, in no order. */
function anyFew(lanes: readonly Lane[], count: number, chance: Chance): readonly Lane[] {
  if (count >= lanes.length) return lanes;
  const drawn: Lane[] = [];
  while (drawn.length < count) {
    const lane = lanes[Math.floor(chance.number() * lanes.length)] as Lane;
    if (!drawn.includes(lane)) drawn.push(lane);
  }
  return drawn;
}
