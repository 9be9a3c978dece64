import { expect, test } from "vitest";
import type { Pool } from "#gateway/dispatch/pool.ts";
import { type Verdict, verdicts } from "#gateway/dispatch/verdicts.ts";
import { type ChoiceAsk, refusalOf, weigh } from "#gateway/dispatch/weigh.ts";
import { laneOf, poolOf } from "#test/support/courses.ts";
import { askAt, dawn, forever, laneAt, learnSteady } from "#test/support/lanes.ts";

const score = (pool: Pool, ask: ChoiceAsk = askAt(dawn), place = 0, best = forever) =>
  weigh(pool, laneAt(pool, place), ask, best);

const verdictOf = (pool: Pool, place = 0): Verdict | undefined => verdicts[pool.scratch.verdict[place] ?? -1];

test("a score is what a request costs, what its wait is worth and what it risks", () => {
  const pool = poolOf([laneOf("a", { usd: 0.003 })], { money: { usdPerMiss: 0.01, usdPerSecond: 0.5 } });
  const { scratch } = pool;
  const sum = (scratch.costUsd[0] ?? 0) + 0;
  expect(sum).toBe(0);
  const total = score(pool);
  const parts = 0.003 + 0.5 * 0.02 + 0.01 * (scratch.missChance[0] ?? Number.NaN);
  expect(total).toBeCloseTo(parts, 12);
  expect(scratch.costUsd[0]).toBeCloseTo(0.003, 12);
  expect(scratch.predictedMs[0]).toBeCloseTo(20, 9);
});

test("the nearer the deadline, the likelier a miss, and past it one is sure", () => {
  const pool = poolOf([laneOf("a")]);
  let before = 0;
  for (const left of [1_000, 250, 100, 50, 25, 15, 5]) {
    score(pool, askAt(dawn, { deadlineAt: dawn + left }));
    const chance = pool.scratch.missChance[0] ?? 0;
    expect(chance).toBeGreaterThan(before);
    before = chance;
  }
  score(pool, askAt(dawn, { deadlineAt: dawn - 1 }));
  expect(pool.scratch.missChance[0]).toBe(1);
});

test("who sleeps is foreseen with its start", () => {
  const sleeper = { billing: "instance", idleMs: 600_000, coldMs: 20_000 } as const;
  const pool = poolOf([laneOf("a", sleeper)]);
  score(pool);
  expect(pool.scratch.predictedMs[0]).toBeCloseTo(20_020, 6);
  expect(pool.scratch.missChance[0]).toBe(1);
  score(pool, askAt(dawn, { deadlineAt: dawn + 60_000 }));
  expect(pool.scratch.missChance[0]).toBeLessThan(0.01);
  laneAt(pool, 0).standing.warmth.answered(dawn, 1, undefined);
  score(pool);
  expect(pool.scratch.predictedMs[0]).toBeCloseTo(20, 6);
});

test("a caller's own word of what a late answer costs goes before the route's", () => {
  const pool = poolOf([laneOf("a")], { money: { usdPerMiss: 1, usdPerSecond: 0 } });
  const late = { deadlineAt: dawn + 10 };
  const usual = score(pool, askAt(dawn, late)) ?? 0;
  const own = score(pool, askAt(dawn, { ...late, money: { usdPerMiss: 0.1, usdPerSecond: 0 } })) ?? 0;
  expect(usual).toBeCloseTo(10 * own, 9);
});

test("a lane whose price alone is more than the best lane costs is not looked at any closer", () => {
  const pool = poolOf([laneOf("a", { usd: 0.5 })]);
  expect(score(pool, askAt(dawn), 0, 0.1)).toBeGreaterThan(0.1);
  expect(verdictOf(pool)).toBe("dearer than the best could be");
});

test("a lane that may not be used is refused with its reason, and keeps no score of an earlier choice", () => {
  const pool = poolOf([laneOf("a", { mostInFlight: 2 })]);
  const lane = laneAt(pool, 0);
  learnSteady(lane, 20);
  const refusals: (Verdict | undefined)[] = [];
  const weighed = (ask: ChoiceAsk) => {
    expect(score(pool, ask)).toBeUndefined();
    expect(pool.scratch.score[0]).toBe(forever);
    refusals.push(verdictOf(pool));
  };
  expect(score(pool)).toBeDefined();
  weighed(askAt(dawn, { tried: [lane] }));
  weighed(askAt(dawn, { able: () => false }));
  lane.standing.inFlight = 2;
  weighed(askAt(dawn));
  lane.standing.inFlight = 0;
  for (let turn = 0; turn < 3; turn += 1) lane.standing.breaker.failed(dawn);
  weighed(askAt(dawn));
  const later = lane.standing.breaker.restsUntil + 1;
  lane.standing.breaker.full(later, 1_000);
  weighed(askAt(later));
  expect(refusals).toEqual([
    ...["tried already", "does not have the model", "full", "resting after failures", "full"],
  ]);
});

test("a lane without money left is over its budget, and one with just enough is not", () => {
  const budget = { usdPerHour: 0.01, usdPerDay: forever };
  const pool = poolOf([laneOf("a", { usd: 0.004, budget })]);
  const { spending } = laneAt(pool, 0).standing;
  spending.settle(0, 0.0059, dawn);
  expect(score(pool)).toBeDefined();
  spending.hold(0.002);
  expect(score(pool)).toBeUndefined();
  expect(verdictOf(pool)).toBe("over its budget");
});

test("the unmeasured and the doubted are asked one at a time", () => {
  const pool = poolOf([laneOf("a")]);
  const lane = laneAt(pool, 0);
  expect(refusalOf(lane, askAt(dawn))).toBeUndefined();
  lane.standing.inFlight = 1;
  expect(refusalOf(lane, askAt(dawn))).toBe("one at a time until measured");
  learnSteady(lane, 20, { count: 100 });
  expect(refusalOf(lane, askAt(dawn))).toBeUndefined();
  learnSteady(lane, 900, { count: 8 });
  expect(refusalOf(lane, askAt(dawn))).toBeUndefined();
  expect(refusalOf(lane, askAt(dawn + 10_000))).toBe("one at a time until measured");
});
