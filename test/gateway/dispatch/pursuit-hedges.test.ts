import { expect, test } from "vitest";
import type { Terms } from "#adapters/terms.ts";
import type { Pool } from "#gateway/dispatch/pool.ts";
import type { RouteTerms } from "#gateway/dispatch/terms.ts";
import { laneOf, poolOf } from "#test/support/courses.ts";
import {
  brokenDown,
  callersMistake,
  createTimeline,
  dawn,
  type Fate,
  forever,
  laneAt,
  learnSteady,
  type Timeline,
  type Traveller,
} from "#test/support/lanes.ts";
import { seededRandom } from "#test/support/random.ts";

/** Two whose speed of 20 ms is known; the first costs a little less. */
function poolWith(route: Partial<RouteTerms> = {}, second: Partial<Terms> = {}): Pool {
  const pool = poolOf([laneOf("a"), laneOf("b", { usd: 0.00001, ...second })], route);
  for (const lane of pool.lanes) learnSteady(lane, 20, { count: 100, at: dawn - 1_000 });
  return pool;
}

function travel(pool: Pool, fates: readonly Fate[], more: Parameters<Timeline["arrive"]>[0] = {}): Traveller {
  const line = createTimeline(pool, ({ lane }) => fates[lane.place] ?? { ms: 20 });
  const traveller = line.arrive(more);
  line.runUntil(dawn + 20_000);
  return traveller;
}

const kindsOf = ({ sent }: Traveller) => sent.map(({ kind }) => kind);

const always = { isWorthIt: () => true };

const hangs: Fate = { ms: forever };

test("a request that takes too long is sent a second time, elsewhere, while it may still be in time", () => {
  const traveller = travel(poolWith(), [hangs]);
  const [first, copy] = traveller.sent;
  expect(kindsOf(traveller)).toEqual(["first", "hedge"]);
  expect([first?.lane.place, copy?.lane.place]).toEqual([0, 1]);
  expect(copy?.sentAt).toBeGreaterThan(dawn + 20);
  expect(traveller.endings).toEqual([{ kind: "answered", by: copy }]);
  expect(traveller.endedAt).toBeLessThan(dawn + 250);
});

test("the first answer counts, the other copy is aborted and its late answer changes nothing", () => {
  const [slow, slower] = [
    travel(poolWith(), [{ ms: 2_000 }]),
    travel(poolWith(), [{ ms: 190 }, { ms: 5_000 }]),
  ];
  for (const traveller of [slow, slower]) {
    expect(traveller.endings).toHaveLength(1);
    expect(traveller.sent.map(({ state }) => state).toSorted()).toEqual(["abandoned", "answered"]);
    expect(traveller.aborted.map(({ state }) => state)).toEqual(["abandoned"]);
  }
});

test("an answer that comes as foreseen is asked for once", () => {
  expect(kindsOf(travel(poolWith(), [{ ms: 20 }]))).toEqual(["first"]);
});

test("there is no copy where the route wants none, of what changes something, or of large images", () => {
  expect(kindsOf(travel(poolWith({ hedge: undefined }), [hangs]))).toEqual(["first"]);
  expect(kindsOf(travel(poolWith(), [hangs], { mayHedge: false }))).toEqual(["first"]);
  expect(kindsOf(travel(poolWith(), [hangs], { bytes: 2_000_000 }))).toEqual(["first"]);
});

test("there is no copy that does not pay, and none more than one", () => {
  expect(kindsOf(travel(poolWith({}, { usdPerRequest: 0.5 }), [hangs]))).toEqual(["first"]);
  expect(kindsOf(travel(poolWith(), [hangs], { isWorthIt: () => false }))).toEqual(["first"]);
  const three = poolOf([laneOf("a"), laneOf("b"), laneOf("c")]);
  expect(
    kindsOf(travel(three, [hangs, hangs, hangs], always)).filter((kind) => kind === "hedge"),
  ).toHaveLength(1);
});

test("there is no copy to one that sleeps, is full, rests, or has no money left", () => {
  const asleep = { billing: "instance", idleMs: 60_000, coldMs: 100 } as const;
  expect(kindsOf(travel(poolWith({}, asleep), [hangs]))).toEqual(["first"]);
  expect(kindsOf(travel(poolWith({}, { mostInFlight: 0 }), [hangs]))).toEqual(["first"]);
  const poor = { budget: { usdPerHour: 0, usdPerDay: 0 } };
  expect(kindsOf(travel(poolWith({}, poor), [hangs]))).toEqual(["first"]);
  const pool = poolWith();
  const { breaker } = laneAt(pool, 1).standing;
  for (let turn = 0; turn < 3; turn += 1) breaker.failed(dawn);
  const [, copy] = travel(pool, [hangs]).sent;
  expect(copy?.sentAt ?? forever).toBeGreaterThanOrEqual(breaker.restsUntil);
});

test("when there are no tokens left there are no copies", () => {
  const pool = poolWith({ hedge: { share: 0, quantile: 0.95, mostBytes: 1_000_000 } });
  while (pool.hedges.take() || pool.retries.take());
  expect(kindsOf(travel(pool, [hangs]))).toEqual(["first"]);
});

test("over a long bad time no more copies leave than the declared share of requests, and what there was at first", () => {
  const pool = poolWith({ retry: { share: 0, attempts: 3 } });
  while (pool.retries.take());
  const first = pool.hedges.tokens;
  const random = seededRandom(8);
  const line = createTimeline(pool, () => ({ ms: random.chance(0.3) ? 400 : 20 }));
  let copies = 0;
  const travellers = Array.from({ length: 4_000 }, (_, turn) => {
    line.runUntil(dawn + turn * 25);
    return line.arrive();
  });
  line.runUntil(line.now() + 10_000);
  for (const traveller of travellers) copies += kindsOf(traveller).filter((kind) => kind === "hedge").length;
  expect(copies).toBeGreaterThan(0);
  expect(copies).toBeLessThanOrEqual(first + 0.05 * 4_000);
  expect(pool.hedges.tokens).toBeGreaterThanOrEqual(0);
});

test("when the first fails its copy is waited for, even where no other retry could follow", () => {
  const fates = [{ ms: 100, failure: brokenDown }, { ms: 120 }];
  for (const attempts of [2, 3]) {
    const pool = poolWith({ retry: { share: 0, attempts } });
    const before = pool.retries.tokens;
    const traveller = travel(pool, fates, always);
    expect(kindsOf(traveller)).toEqual(["first", "hedge"]);
    expect(traveller.endings).toMatchObject([{ kind: "answered", by: { kind: "hedge" } }]);
    expect(pool.retries.tokens).toBe(before);
  }
});

test("when both fail a third may be tried", () => {
  const pool = poolOf([laneOf("a"), laneOf("b", { usd: 0.00001 }), laneOf("c", { usd: 0.001 })]);
  for (const lane of pool.lanes) learnSteady(lane, 20, { count: 100, at: dawn - 1_000 });
  const broken: Fate = { ms: 150, failure: brokenDown };
  const traveller = travel(pool, [broken, broken], always);
  expect(kindsOf(traveller)).toEqual(["first", "hedge", "retry"]);
  expect(traveller.endings).toMatchObject([{ kind: "answered", by: { kind: "retry" } }]);
});

test("when one copy says that the caller is mistaken the other is aborted, and that is the last word", () => {
  const traveller = travel(poolWith(), [{ ms: 100, failure: callersMistake }, hangs], always);
  expect(traveller.endings).toMatchObject([{ kind: "failed" }]);
  expect(traveller.aborted).toEqual([traveller.sent[1]]);
  expect(traveller.endedAt).toBe(dawn + 100);
});

test("a request that waits for one that fell silent is sent elsewhere even when copies are used up", () => {
  const pool = poolWith({ hedge: { share: 0, quantile: 0.95, mostBytes: 1_000_000 } });
  while (pool.hedges.take());
  const traveller = travel(pool, [hangs]);
  expect(traveller.endings).toMatchObject([{ kind: "answered", by: { lane: { place: 1 } } }]);
});

test("a backend that has gone silent is soon asked by almost nobody, although copies hide it from callers", () => {
  const pool = poolWith();
  const line = createTimeline(pool, ({ lane }) => (lane.place === 0 ? hangs : { ms: 20 }));
  let asked = 0;
  for (let turn = 0; turn < 500; turn += 1) {
    line.runUntil(dawn + turn * 20);
    asked += line.arrive().sent.filter(({ lane }) => lane.place === 0).length;
  }
  expect(asked).toBeLessThan(60);
});
