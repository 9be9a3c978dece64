import type { Chance } from "#infra/runtime/chance.ts";
import type { Lane } from "../../dispatch/pool.ts";
import type { OpenPolicy } from "../policy.ts";
import { choosing } from "./choosing.ts";
import { twoOf } from "./random.ts";

/** Whoever has the fewest requests; chance decides among equals. */
export const leastInFlight: OpenPolicy = () => ({
  choose: choosing((lanes, { now }, chance) => lowestOf(lanes, ({ standing }) => standing.load(now), chance)),
  hedges: false,
  wakes: false,
});

/** The one of two drawn that has fewer requests. */
export const powerOfTwo: OpenPolicy = () => ({
  choose: choosing((lanes, { now }, chance) => {
    const [one, other] = twoOf(lanes, chance);
    return other.standing.load(now) < one.standing.load(now) ? other : one;
  }),
  hedges: false,
  wakes: false,
});

/** The lane of the lowest value, of several any. */
export function lowestOf(lanes: readonly Lane[], value: (lane: Lane) => number, chance: Chance): Lane {
  let [found, lowest, equals] = [lanes[0] as Lane, Number.POSITIVE_INFINITY, 0];
  for (const lane of lanes) {
    const one = value(lane);
    if (one > lowest) continue;
    equals = one === lowest ? equals + 1 : 1;
    if (equals === 1 || chance.number() * equals < 1) found = lane;
    lowest = one;
  }
  return found;
}
