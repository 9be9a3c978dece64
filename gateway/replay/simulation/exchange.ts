import type { Standing } from "../../dispatch/standing.ts";
import type { EventQueue, Happening } from "./event-queue.ts";
import type { SimulatedGateway } from "./request.ts";

const everyMs = 1_000;
const lookMs = 100;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Has several gateways tell each other once a second what those with a shared state tell: never more often. */
export function exchangeEverySecond(
  gateways: readonly SimulatedGateway[],
  events: EventQueue,
  goesOn: () => boolean,
): void {
  const [first] = gateways;
  if (!first || gateways.length === 1) return;
  const exchanges = first.pool.lanes.map((_, place) => {
    const standings = gateways.flatMap(({ pool }) => pool.lanes[place]?.standing ?? []);
    return createExchange(standings);
  });
  const all = gateways.flatMap(({ pool }) => pool.lanes.map(({ standing }) => standing));
  for (const standing of all) standing.shareAmong(gateways.length);
  const look: Happening = {
    place: -1,
    happen: (now) => {
      for (const standing of all) standing.look();
      if (goesOn()) events.plan(look, now + lookMs);
    },
  };
  events.plan(look, lookMs);
  const turn: Happening = {
    place: -1,
    happen: (now) => {
      for (const exchange of exchanges) exchange(now);
      if (goesOn()) events.plan(turn, now + everyMs);
    },
  };
  events.plan(turn, everyMs);
}

/** One backend, as each of the gateways knows it. */
function createExchange(standings: readonly Standing[]): (now: number) => void {
  const spent = { hour: 0, day: 0, hourIndex: 0, dayIndex: 0 };
  const resting = standings.map(() => false);
  return (now) => {
    tellInFlight(standings, now);
    tellWarmth(standings, now);
    tellSpending(standings, spent, now);
    tellEjections(standings, resting, now);
  };
}

function tellInFlight(standings: readonly Standing[], now: number): void {
  let all = 0;
  for (const { usual } of standings) all += usual;
  for (const standing of standings) standing.heardRemote(all - standing.usual, now);
}

function tellWarmth(standings: readonly Standing[], now: number): void {
  const awakeUntil = Math.max(...standings.map(({ warmth }) => warmth.awakeUntil));
  const most = Math.max(...standings.map(({ warmth }) => warmth.most(now)));
  for (const { warmth } of standings) warmth.heard(awakeUntil, most, now);
}

type Spent = { hour: number; day: number; hourIndex: number; dayIndex: number };

function tellSpending(standings: readonly Standing[], spent: Spent, now: number): void {
  const [hourIndex, dayIndex] = [Math.floor(now / hourMs), Math.floor(now / dayMs)];
  if (hourIndex !== spent.hourIndex) Object.assign(spent, { hour: 0, hourIndex });
  if (dayIndex !== spent.dayIndex) Object.assign(spent, { day: 0, dayIndex });
  for (const { spending } of standings) {
    const { hour, day } = spending.take(now);
    spent.hour += hour;
    spent.day += day;
  }
  for (const { spending } of standings) spending.learn(spent, standings.length, now);
}

/** Who has just ejected it says so to the others. */
function tellEjections(standings: readonly Standing[], resting: boolean[], now: number): void {
  for (const [place, { breaker }] of standings.entries()) {
    const rests = breaker.isResting(now);
    if (rests && !resting[place])
      for (const other of standings) if (other.breaker !== breaker) other.breaker.rumour(now);
    resting[place] = rests;
  }
}
