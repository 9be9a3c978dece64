import type { Chance } from "#infra/runtime/chance.ts";

/** Keys read a second, at most. */
export const mostSeatsRead = 64;

const fewest = 16;

/**
 * Nothing lists the keys of the soft state, so gateways sit on numbered seats: at least twice as many as there are
 * gateways, so that whoever comes finds a free one, and so few that all can be looked at.
 */
export function seatsFor(gateways: number): number {
  let seats = fewest;
  while (seats < 2 * Math.min(gateways, mostGateways)) seats *= 2;
  return seats;
}

/** The seats that are looked at this time: all, or some by chance where that would be too many. */
export function drawSeats(seats: number, chance: Pick<Chance, "number">): readonly number[] {
  const all = Array.from({ length: seats }, (_, seat) => seat);
  if (seats <= mostSeatsRead) return all;
  for (let at = 0; at < mostSeatsRead; at += 1) {
    const other = at + Math.floor(chance.number() * (seats - at));
    const [here = at, there = other] = [all[at], all[other]];
    all[at] = there;
    all[other] = here;
  }
  return all.slice(0, mostSeatsRead);
}

const mostGateways = 4_096;
