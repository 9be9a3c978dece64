import { expect, test } from "vitest";
import { choose } from "#gateway/dispatch/choose.ts";
import type { Pool } from "#gateway/dispatch/pool.ts";
import { takeShortList } from "#gateway/dispatch/short-list.ts";
import { laneOf, poolOf } from "#test/support/courses.ts";
import { askAt, chanceOf, dawn, laneAt, learnSteady } from "#test/support/lanes.ts";

/** A hundred that cost the same, each a little slower than the one before it. */
function crowd(size = 100): Pool {
  const lanes = Array.from({ length: size }, (_, n) => laneOf(`b${n}`, { ms: 20 + n }));
  const pool = poolOf(lanes, { sloMs: 1_000 });
  for (const [n, lane] of pool.lanes.entries()) learnSteady(lane, 20 + n, { count: 30, at: dawn });
  return pool;
}

const chosenAt = (pool: Pool, now: number) => choose(pool, askAt(now), chanceOf(1))?.lane.place;

test("a small pool is always weighed whole", () => {
  const [small, larger] = [crowd(48), crowd(49)];
  for (const pool of [small, larger]) chosenAt(pool, dawn);
  expect(takeShortList(small, dawn)).toBeUndefined();
  expect(takeShortList(larger, dawn)).toHaveLength(32);
});

test("of a large pool the best are weighed for a moment, and those that were not are not considered", () => {
  const pool = crowd();
  // A moment's wait is no difference.
  expect(chosenAt(pool, dawn)).toBeLessThan(4);
  expect(takeShortList(pool, dawn)).toHaveLength(32);
  const outside = laneAt(pool, 90);
  pool.scratch.score[outside.place] = -1;
  expect(chosenAt(pool, dawn + 1)).toBeLessThan(4);
  expect(pool.scratch.score[outside.place]).toBe(-1);
});

test("who becomes the best while it is not listed is chosen a moment later", () => {
  const pool = crowd();
  chosenAt(pool, dawn);
  learnSteady(laneAt(pool, 90), 2, { count: 200, at: dawn + 5 });
  expect(chosenAt(pool, dawn + 10)).not.toBe(90);
  expect(chosenAt(pool, dawn + 60)).toBe(90);
});

test("when nobody listed may be used any more all others are looked at at once", () => {
  const pool = crowd();
  chosenAt(pool, dawn);
  for (const { standing } of takeShortList(pool, dawn) ?? [])
    for (let turn = 0; turn < 3; turn += 1) standing.breaker.failed(dawn + 1);
  expect(chosenAt(pool, dawn + 2)).toBeGreaterThanOrEqual(32);
});

test("where shares are declared nobody is left out", () => {
  const lanes = Array.from({ length: 60 }, (_, n) => laneOf(`b${n}`, { ms: 20 }, { weight: n + 1 }));
  const pool = poolOf(lanes, { sloMs: 1_000 });
  for (const lane of pool.lanes) learnSteady(lane, 20, { count: 30, at: dawn });
  chosenAt(pool, dawn);
  expect(takeShortList(pool, dawn)).toBeUndefined();
});
