import type { Choice, Market, Offer, Worth } from "./market.ts";
import { worthOf } from "./worth.ts";

export type Chosen = { readonly choice: Choice; readonly worth: Worth };

export type SearchOptions = {
  /** Numbers below which nothing is chosen, in place of the offers' own. */
  readonly from?: Choice;
  /** So many choices are all tried; of more, only those that a walk downhill meets. */
  readonly mostTried?: number;
};

/** The choice that costs least of those that keep most of what is promised. */
export function searchCheapest(market: Market, options: SearchOptions = {}): Chosen {
  const { offers } = market;
  const room: Room = {
    from: offers.map((offer, index) => between(options.from?.[index] ?? 0, offer.from, offer.to)),
    to: offers.map(({ to }) => to),
  };
  const ask: Ask = (choice) => ({ choice, worth: worthOf(market, choice) });
  const { mostTried = 64 } = options;
  if (sizeOf(room) <= mostTried) return cheapestOf([...everyChoice(room)].map(ask));
  const standing = within(offers.map(standingOf), room);
  return cheapestOf([standing, room.from, room.to].map((start) => walkDown(ask(start), ask, room)));
}

/** What an offer has now of what is chosen. */
export function standingOf({ place, role }: Offer): number {
  return role === "stands" ? place.standing.desired : (place.standing.bounds?.least ?? 0);
}

type Room = { readonly from: Choice; readonly to: Choice };

type Ask = (choice: Choice) => Chosen;

function sizeOf({ from, to }: Room): number {
  return from.reduce((product, low, index) => product * ((to[index] ?? low) - low + 1), 1);
}

function between(number: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, number));
}

function within(choice: Choice, { from, to }: Room): Choice {
  return choice.map((number, index) => between(number, from[index] ?? 0, to[index] ?? 0));
}

/** Of equals the first. */
function cheapestOf(chosen: readonly Chosen[]): Chosen {
  const [first, ...others] = chosen;
  if (!first) throw new RangeError("there is always the choice of what there is at least");
  return others.reduce((best, one) => (one.worth.score < best.worth.score - 1e-9 ? one : best), first);
}

function* everyChoice({ from, to }: Room): Iterable<Choice> {
  let choice: Choice | undefined = from;
  while (choice) {
    yield choice;
    choice = nextOf(choice, { from, to });
  }
}

/** Counts on as a mileage counter does. */
function nextOf(choice: Choice, { from, to }: Room): Choice | undefined {
  const place = choice.findLastIndex((number, index) => number < (to[index] ?? 0));
  if (place < 0) return undefined;
  return choice.map((number, index) => {
    if (index < place) return number;
    return index === place ? number + 1 : (from[index] ?? 0);
  });
}

/** One place after the other as far as it gets cheaper, then one moved from a place to another, until nothing is better. */
function walkDown(start: Chosen, ask: Ask, room: Room): Chosen {
  const places = [...start.choice.keys()].filter((index) => (room.to[index] ?? 0) > (room.from[index] ?? 0));
  let here = start;
  for (let round = 0; round < mostRounds; round += 1) {
    const before = here;
    for (const index of places) here = walkAlong(here, index, { ask, room });
    if (here === before) here = cheapestOf([here, ...swaps(here.choice, places, room).map(ask)]);
    if (here === before) break;
  }
  return here;
}

const mostRounds = 50;
const strides = [1, -1, 5, -5];

function walkAlong(start: Chosen, index: number, { ask, room }: { ask: Ask; room: Room }): Chosen {
  let here = start;
  for (;;) {
    const number = here.choice[index] ?? 0;
    const tried = strides
      .map((by) => between(number + by, room.from[index] ?? 0, room.to[index] ?? 0))
      .filter((other) => other !== number)
      .map((other) => ask(here.choice.with(index, other)));
    const next = cheapestOf([here, ...tried]);
    if (next === here) return here;
    here = next;
  }
}

function swaps(choice: Choice, places: readonly number[], room: Room): readonly Choice[] {
  return places.flatMap((index) =>
    places
      .filter((other) => other !== index && (choice[index] ?? 0) > (room.from[index] ?? 0))
      .flatMap((other) => [1, 2, 3].map((by) => moved(choice, { index, other, by })))
      .map((changed) => within(changed, room)),
  );
}

type Move = { readonly index: number; readonly other: number; readonly by: number };

function moved(choice: Choice, { index, other, by }: Move): Choice {
  return choice.with(index, (choice[index] ?? 0) - 1).with(other, (choice[other] ?? 0) + by);
}
