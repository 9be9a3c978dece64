import { expect, test } from "vitest";
import { cheapest } from "#gateway/replay/policies/cheapest.ts";
import { LatencyByLoad } from "#gateway/replay/policies/latency-by-load.ts";
import { leastInFlight, powerOfTwo } from "#gateway/replay/policies/least-in-flight.ts";
import { LiteList, liteCost, liteLatency } from "#gateway/replay/policies/lite-llm.ts";
import { Peak, peakEwma } from "#gateway/replay/policies/peak-ewma.ts";
import { baselines, grids, policies } from "#gateway/replay/policies/policies.ts";
import { prequal, prequalDefaults } from "#gateway/replay/policies/prequal.ts";
import { isBetter, type Reading, Readings } from "#gateway/replay/policies/readings.ts";
import { roundRobin } from "#gateway/replay/policies/round-robin.ts";
import type { Policy } from "#gateway/replay/policy.ts";
import { askAt, chanceOf, laneAt, placesOf, poolOf, tell } from "./lanes.ts";

const three = [{}, {}, {}];

test("every policy that is promised is there, and every grid is one of a baseline", () => {
  const promised = ["random", "round-robin", "least-in-flight", "p2c", "p2c-peak-ewma", "prequal"];
  promised.push("prequal-hedged", "litellm-latency", "litellm-cost", "cheapest", "tradewind");
  expect(Object.keys(policies)).toEqual(expect.arrayContaining(promised));
  expect(Object.keys(baselines)).toEqual(expect.arrayContaining(Object.keys(grids)));
  for (const grid of Object.values(grids))
    expect(new Set(grid.map(({ name }) => name)).size).toBe(grid.length);
});

test("every setting of every grid chooses", () => {
  for (const grid of Object.values(grids))
    for (const { open } of grid) {
      const pool = poolOf(three);
      expect(placesOf(open(pool, chanceOf(1)), pool, 5)).not.toContain(-1);
    }
});

test("no policy takes who rests, is full, was tried or has spent its budget while another is there", () => {
  for (const [name, open] of Object.entries(policies)) {
    const broke = { usdPerRequest: 1, budget: { usdPerHour: 0.5, usdPerDay: 0.5 } };
    const pool = poolOf([{}, { mostInFlight: 2 }, {}, broke, {}, {}]);
    for (let failure = 0; failure < 3; failure += 1) laneAt(pool, 0).standing.breaker.failed(1_000);
    laneAt(pool, 1).standing.inFlight = 2;
    laneAt(pool, 4).standing.breaker.full(1_000, 500);
    const policy = open(pool, chanceOf(1));
    for (let turn = 0; turn < 20; turn += 1) {
      const choice = policy.choose(pool, askAt(1_000, [laneAt(pool, 2)]), chanceOf(turn));
      expect(choice?.lane.place, name).toBe(5);
    }
  }
});

test("every policy asks the one that rests the least when all rest, and nobody where all were tried", () => {
  for (const [name, open] of Object.entries(policies)) {
    const pool = poolOf(three);
    for (const { standing, place } of pool.lanes)
      for (let failure = 0; failure < 3; failure += 1)
        standing.breaker.failed(1_000 + (place === 1 ? 0 : 900));
    const policy = open(pool, chanceOf(1));
    const choice = policy.choose(pool, askAt(2_000), chanceOf(1));
    expect([choice?.lane.place, choice?.verdict], name).toEqual([1, "chosen in panic"]);
    expect(policy.choose(pool, askAt(2_000, pool.lanes), chanceOf(1)), name).toBeUndefined();
  }
});

test("a second copy of a baseline never wakes anybody", () => {
  const pool = poolOf([{ billing: "instance", coldMs: 5_000, idleMs: 60_000 }, {}]);
  const policy = prequal()(pool, chanceOf(1));
  for (let turn = 0; turn < 20; turn += 1) {
    const choice = policy.choose(pool, { ...askAt(1_000), isSecond: true }, chanceOf(turn));
    expect(choice?.lane.place).toBe(1);
  }
});

test("a choice of a baseline tells what the shared instruments foresee", () => {
  const pool = poolOf([{ billing: "instance", coldMs: 5_000, idleMs: 60_000, usdPerSecond: 0.001 }]);
  const choice = cheapest()(pool, chanceOf(1)).choose(pool, askAt(1_000), chanceOf(1));
  expect(choice).toMatchObject({ load: 1, predictedMs: 5_020, missChance: 1, verdict: "chosen" });
  expect(choice?.costUsd).toBeCloseTo(0.065, 9);
});

test("one after the other passes by who was tried and begins again", () => {
  const pool = poolOf(three);
  const policy = roundRobin(pool, chanceOf(1));
  expect(placesOf(policy, pool, 4)).toEqual([0, 1, 2, 0]);
  expect(policy.choose(pool, askAt(1_000, [laneAt(pool, 1)]), chanceOf(1))?.lane.place).toBe(2);
});

test("whoever has the fewest requests is taken, any of several", () => {
  const pool = poolOf([{}, {}, {}, {}]);
  laneAt(pool, 0).standing.inFlight = 1;
  laneAt(pool, 2).standing.inFlight = 3;
  const places = placesOf(leastInFlight(pool, chanceOf(1)), pool, 200);
  expect(new Set(places)).toEqual(new Set([1, 3]));
});

test("of two drawn the less loaded is taken, so the most loaded never is", () => {
  const pool = poolOf(three);
  for (const { standing, place } of pool.lanes) standing.inFlight = place;
  const places = placesOf(powerOfTwo(pool, chanceOf(1)), pool, 300);
  expect(new Set(places)).toEqual(new Set([0, 1]));
  // The pair without the first is one of three.
  expect(places.filter((place) => place === 1).length / 300).toBeCloseTo(1 / 3, 1);
});

test("a peak rises at once, falls by its tau, and fades while nothing comes", () => {
  const peak = new Peak(10_000);
  peak.observe(100, 1_000);
  expect(peak.cost(0, 1_000)).toBe(100);
  peak.observe(40, 6_000);
  const fallen = 100 * Math.exp(-0.5) + 40 * (1 - Math.exp(-0.5));
  expect(peak.cost(2, 6_000)).toBeCloseTo(3 * fallen, 9);
  peak.observe(500, 6_500);
  expect(peak.cost(0, 6_500)).toBe(500);
  expect(peak.cost(0, 16_500)).toBeCloseTo(500 / Math.E, 9);
});

test("who has requests and has never answered pays a penalty, who has none is free", () => {
  const peak = new Peak(10_000);
  expect(peak.cost(0, 1_000)).toBe(0);
  expect(peak.cost(1, 1_000)).toBeGreaterThan(1e11);
  expect(peak.cost(2, 1_000)).toBeGreaterThan(peak.cost(1, 1_000));
});

test("of two the lower peak times requests is taken", () => {
  const pool = poolOf([{}, {}]);
  const policy = peakEwma()(pool, chanceOf(1));
  tell(policy, laneAt(pool, 0), { ms: 30, now: 1_000 });
  tell(policy, laneAt(pool, 1), { ms: 50, now: 1_000 });
  expect(new Set(placesOf(policy, pool, 20))).toEqual(new Set([0]));
  laneAt(pool, 0).standing.inFlight = 1;
  expect(new Set(placesOf(policy, pool, 20))).toEqual(new Set([1]));
});

test("cold comes before hot, then the faster of cold ones and the less loaded of hot ones", () => {
  const reading = (load: number, ms: number): Reading => ({ place: 0, load, ms, at: 0, uses: 0 });
  expect(isBetter(reading(4, 90), reading(5, 10), 4)).toBe(true);
  expect(isBetter(reading(3, 50), reading(1, 60), 4)).toBe(true);
  expect(isBetter(reading(6, 90), reading(7, 10), 4)).toBe(true);
  expect(isBetter(reading(7, 10), reading(6, 90), 4)).toBe(false);
});

test("a reading counts the request that it sent, is forgotten after a second, and leaves with the lane", () => {
  const pool = poolOf([{}, {}]);
  const readings = new Readings(2, prequalDefaults);
  readings.add({ place: 0, load: 1, ms: 10, at: 1_000, uses: 0 });
  readings.add({ place: 1, load: 1, ms: 20, at: 1_000, uses: 0 });
  expect(readings.pick(pool.lanes, 1_000)).toBe(0);
  // It has two now, more than any reading said, and is hot.
  expect(readings.pick(pool.lanes, 1_000)).toBe(1);
  expect(readings.pick([laneAt(pool, 1)], 2_000)).toBe(0);
  expect(readings.pick(pool.lanes, 2_001)).toBeUndefined();
});

test("a reading is used once where backends are many more than the pool has places", () => {
  const pool = poolOf(three);
  const readings = new Readings(100, prequalDefaults);
  readings.add({ place: 0, load: 0, ms: 10, at: 1_000, uses: 0 });
  // Two uses over 0.84 * 3 - 1 = 1.52 new readings a request.
  expect(readings.pick(pool.lanes, 1_000)).toBe(0);
  expect(readings.pick(pool.lanes, 1_000)).toBe(0);
  expect(readings.pick(pool.lanes, 1_000)).toBeUndefined();
});

test("what an answer takes is the median at the nearest load of which something fresh is known", () => {
  const speed = new LatencyByLoad(30_000, { baseMs: 7, perInFlightMs: 2 });
  expect(speed.estimate(4, 0)).toBe(15);
  for (const ms of [10, 90, 20]) speed.add({ load: 2, ms, at: 1_000 });
  speed.add({ load: 9, ms: 200, at: 20_000 });
  expect(speed.estimate(3, 20_000)).toBe(20);
  expect(speed.estimate(8, 20_000)).toBe(200);
  expect(speed.estimate(3, 40_000)).toBe(200);
  expect(speed.estimate(500, 40_000)).toBe(200);
  expect(speed.estimate(4, 60_000)).toBe(15);
});

test("the fastest that is not hot is taken, and hedges go out whatever they cost only where they are asked for", () => {
  const pool = poolOf(three);
  const policy = prequal()(pool, chanceOf(1));
  for (const { lane, ms } of [30, 10, 20].map((ms, place) => ({ lane: laneAt(pool, place), ms })))
    tell(policy, lane, { ms, now: 1_000 });
  expect(placesOf(policy, pool, 1)).toEqual([1]);
  expect([policy.hedges, policy.isWorthIt]).toEqual([false, undefined]);
  const hedged: Policy = prequal({ ...prequalDefaults, hedges: true })(pool, chanceOf(1));
  expect(hedged.hedges).toBe(true);
});

test("a full list keeps its first nine for ever and replaces its last", () => {
  const list = new LiteList();
  for (let sample = 0; sample < 10; sample += 1) list.add(100, 1_000);
  list.add(600, 1_000);
  expect(list.mean(1_000)).toBe(150);
  list.add(1_100, 1_000);
  expect(list.mean(1_000)).toBe(200);
});

test("a list is forgotten an hour after its last sample", () => {
  const list = new LiteList();
  list.add(100, 0);
  list.add(300, 3_000_000);
  expect(list.mean(6_599_999)).toBe(200);
  expect(list.mean(6_600_000)).toBe(0);
  list.add(70, 6_600_000);
  expect(list.mean(6_600_000)).toBe(70);
});

test("who has no list comes first, a given-up request counts a thousand seconds, and a failure nothing", () => {
  const pool = poolOf(three);
  const policy = liteLatency()(pool, chanceOf(1));
  tell(policy, laneAt(pool, 0), { ms: 10, now: 1_000 });
  tell(policy, laneAt(pool, 1), { ms: 50, now: 1_000 });
  tell(policy, laneAt(pool, 2), { ms: 1, now: 1_000, state: "failed" });
  expect(placesOf(policy, pool, 3)).toEqual([2, 2, 2]);
  tell(policy, laneAt(pool, 2), { ms: 500, now: 1_000, state: "abandoned" });
  expect(placesOf(policy, pool, 3)).toEqual([0, 0, 0]);
});

test("any within the buffer of the fastest is as good", () => {
  const pool = poolOf(three);
  const policy = liteLatency({ buffer: 0.5 })(pool, chanceOf(1));
  for (const [place, ms] of [10, 15, 16].entries()) tell(policy, laneAt(pool, place), { ms, now: 1_000 });
  expect(new Set(placesOf(policy, pool, 100))).toEqual(new Set([0, 1]));
});

test("the lowest list price is taken up to its limit of a minute, then the next", () => {
  const pool = poolOf([{ usdPerRequest: 3 }, { usdPerRequest: 1 }, { usdPerSecond: 100 }]);
  const policy = liteCost({ perMinute: 2 })(pool, chanceOf(1));
  const places = [0, 0, 0, 30_000, 60_000].map((now) => {
    const choice = policy.choose(pool, askAt(now), chanceOf(1));
    if (choice)
      policy.sent?.(
        { ...choice, kind: "first", sentAt: now, waitMs: 0, state: "out", endedAt: 0, isSilent: false },
        now,
      );
    return choice?.lane.place;
  });
  expect(places).toEqual([1, 1, 2, 2, 1]);
});

test("the cheapest is who is paid for anyway, unless list prices are all that counts", () => {
  const pool = poolOf([{ usdPerSecond: 5 }, { billing: "request", usdPerSecond: 1 }]);
  expect(placesOf(cheapest()(pool, chanceOf(1)), pool, 2)).toEqual([0, 0]);
  expect(placesOf(cheapest({ ownedIsFree: false })(pool, chanceOf(1)), pool, 2)).toEqual([1, 1]);
});
