import type { Chance } from "#infra/runtime/chance.ts";
import type { Lane } from "../../dispatch/pool.ts";
import type { OpenPolicy } from "../policy.ts";
import { choosing } from "./choosing.ts";

/** Whoever chance says. */
export const random: OpenPolicy = () => ({
  choose: choosing((lanes, _ask, chance) => anyOf(lanes, chance)),
  hedges: false,
  wakes: false,
});

/** One of at least one, each as likely. */
export function anyOf(lanes: readonly Lane[], chance: Chance): Lane {
  return lanes[Math.floor(chance.number() * lanes.length)] as Lane;
}

/** Two different ones, where there are two. */
export function twoOf(lanes: readonly Lane[], chance: Chance): readonly [Lane, Lane] {
  const first = Math.floor(chance.number() * lanes.length);
  const step = 1 + Math.floor(chance.number() * (lanes.length - 1));
  return [lanes[first] as Lane, lanes[(first + step) % lanes.length] as Lane];
}
