import { expect, test } from "vitest";
import type { Pool } from "#gateway/dispatch/pool.ts";
import { laneOf, poolOf } from "#test/support/courses.ts";
import {
  brokenDown,
  createTimeline,
  dawn,
  type Fate,
  forever,
  learnSteady,
  type Timeline,
  type Traveller,
} from "#test/support/lanes.ts";

/** Three whose speed of 20 ms is known, each a little dearer than the one before. */
function threeLanes(): Pool {
  const pool = poolOf([laneOf("a"), laneOf("b", { usd: 0.00001 }), laneOf("c", { usd: 0.00002 })]);
  for (const lane of pool.lanes) learnSteady(lane, 20, { count: 100, at: dawn - 1_000 });
  return pool;
}

function travel(
  pool: Pool,
  fates: readonly Fate[],
  more: Parameters<Timeline["arrive"]>[0] = { isWorthIt: () => true },
): Traveller {
  const line = createTimeline(pool, ({ lane }) => fates[lane.place] ?? { ms: 20 });
  const traveller = line.arrive(more);
  line.runUntil(dawn + 20_000);
  return traveller;
}

const placesOf = ({ sent }: Traveller) => sent.map(({ lane }) => lane.place);

const hangs: Fate = { ms: forever };

test("where the second copy hangs like the first, a third one answers", () => {
  const pool = threeLanes();
  const traveller = travel(pool, [hangs, hangs]);
  expect({ places: placesOf(traveller), endings: traveller.endings.length }).toEqual({
    places: [0, 1, 2],
    endings: 1,
  });
  expect(traveller.endedAt).toBeLessThan(dawn + 250);
});

test("a second copy that hangs is not the last, where the first one failed meanwhile", () => {
  const traveller = travel(threeLanes(), [{ ms: 60, failure: brokenDown }, hangs]);
  expect({ places: placesOf(traveller), endings: traveller.endings.length }).toEqual({
    places: [0, 1, 2],
    endings: 1,
  });
});

test("who is silent is blamed for it while a second copy is out too", () => {
  const pool = threeLanes();
  travel(pool, [hangs, hangs, hangs]);
  const failedNow = pool.lanes.map(({ standing }) => standing.breaker.failed(dawn + 20_000));
  const failedAgain = pool.lanes.map(({ standing }) => standing.breaker.failed(dawn + 20_000));
  expect({ failedNow, failedAgain }).toEqual({
    failedNow: [false, false, false],
    failedAgain: [true, true, true],
  });
});

test("who is measured for the first time is not blamed for an answer that nobody knew the time of", () => {
  const pool = poolOf([laneOf("a", { prior: undefined })]);
  const line = createTimeline(pool, () => ({ ms: 300 }));
  const travellers = Array.from({ length: 6 }, () => line.arrive());
  line.runUntil(dawn + 5_000);
  expect(travellers.map(({ endings }) => endings.length)).toEqual([1, 1, 1, 1, 1, 1]);
  expect(pool.lanes.map(({ standing }) => standing.breaker.news)).toEqual([0]);
});

test("who hangs from the first moment on is blamed for it within seconds", () => {
  const pool = poolOf([laneOf("a", { prior: undefined })]);
  const line = createTimeline(pool, () => hangs);
  for (let one = 0; one < 4; one += 1) line.arrive();
  line.runUntil(dawn + 5_000);
  expect(pool.lanes.map(({ standing }) => standing.breaker.news)).toEqual([1]);
});

test("a second copy that is late but not silent is waited for, however silent the first is", () => {
  const traveller = travel(threeLanes(), [hangs, { ms: 70 }, hangs]);
  expect({ places: placesOf(traveller), endings: traveller.endings.length }).toEqual({
    places: [0, 1],
    endings: 1,
  });
});

test("a third copy takes a retry's token, and without one there is none", () => {
  const pool = threeLanes();
  while (pool.retries.take());
  expect(placesOf(travel(pool, [hangs, hangs]))).toEqual([0, 1]);
  const traveller = travel(threeLanes(), [hangs, hangs]);
  expect(traveller.sent.map(({ kind }) => kind)).toEqual(["first", "hedge", "retry"]);
});

/** So far away that nobody who is only late would be missed. */
const patient = { deadlineAt: dawn + 60_000 };

test("who waits for one that has gone silent is sent elsewhere soon, however far its deadline is", () => {
  const traveller = travel(threeLanes(), [hangs], patient);
  expect(placesOf(traveller)).toEqual([0, 1]);
  expect(traveller.endedAt).toBeGreaterThan(dawn + 80);
  expect(traveller.endedAt).toBeLessThan(dawn + 180);
});

test("one that is only late is waited for while its deadline is far", () => {
  expect(placesOf(travel(threeLanes(), [{ ms: 70 }], patient))).toEqual([0]);
});

test("the last token is enough to leave a silent one, and without any there is nothing but to wait", () => {
  const pool = threeLanes();
  while (pool.hedges.take());
  while (pool.retries.tokens >= 2) pool.retries.take();
  expect(placesOf(travel(pool, [hangs], patient))).toEqual([0, 1]);
  while (pool.retries.take());
  expect(placesOf(travel(pool, [hangs], patient))).toEqual([0]);
});
