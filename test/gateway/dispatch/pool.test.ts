import { expect, test } from "vitest";
import { LatencyModel } from "#gateway/dispatch/latency-model.ts";
import { createPool } from "#gateway/dispatch/pool.ts";
import { laneOf, poolOf, usualTerms } from "#test/support/courses.ts";
import { dawn, laneAt } from "#test/support/lanes.ts";

const sleeper = { billing: "instance", idleMs: 600_000, coldMs: 20_000 } as const;

test("lanes are numbered as they were given, and stand in their groups' order", () => {
  const pool = poolOf([
    laneOf("a"),
    laneOf("b"),
    laneOf("c", {}, { group: 1 }),
    laneOf("d", {}, { group: 4 }),
  ]);
  expect(pool.lanes.map(({ place }) => place)).toEqual([0, 1, 2, 3]);
  const names = pool.groups.map((group) => group.map(({ standing }) => standing.name));
  expect(names).toEqual([["a", "b"], ["c"], ["d"]]);
});

test("a lane starts from its backend's declared speed, or with what was learned of it before", () => {
  const latency = new LatencyModel(undefined);
  const pool = poolOf([laneOf("a", { ms: 33 }), laneOf("b", {}, { latency })]);
  expect(laneAt(pool, 0).latency.predict(1, dawn)).toBe(33);
  expect(laneAt(pool, 1).latency).toBe(latency);
});

test("a pool knows who is tried out and who may sleep", () => {
  const pool = poolOf([laneOf("a"), laneOf("b", sleeper), laneOf("c", {}, { canary: 0.05 })]);
  expect(pool.canary).toBe(laneAt(pool, 2));
  expect(pool.sleepers).toEqual([laneAt(pool, 1)]);
  expect(poolOf([laneOf("a")]).canary).toBeUndefined();
});

test("a route without second copies has no tokens for them", () => {
  const { hedges } = poolOf([laneOf("a")], { hedge: undefined });
  for (let turn = 0; turn < 1_000; turn += 1) hedges.earn();
  const started = hedges.tokens;
  expect(poolOf([laneOf("a")]).hedges.tokens).toBeGreaterThan(0);
  hedges.earn();
  expect(hedges.tokens).toBe(started);
});

test("scratch memory has a place for each lane", () => {
  const { scratch } = poolOf([laneOf("a"), laneOf("b"), laneOf("c")]);
  for (const memory of Object.values(scratch)) expect(memory).toHaveLength(3);
});

test("a pool that takes another one's place has no more copies and retries left than that one had", () => {
  const before = poolOf([laneOf("a"), laneOf("b")]);
  while (before.hedges.take());
  while (before.retries.take());
  const { hedges, retries } = createPool("digits-s", usualTerms, [laneOf("a")], before);
  expect([hedges.take(), retries.take()]).toEqual([false, false]);
});

test("a pool that takes another one's place wakes nobody for what that one has learned already", () => {
  const before = poolOf([laneOf("a"), laneOf("b")]);
  Object.assign(before.waking, { lackUsd: 0.25, lackAt: 7, lookedAt: 6 });
  before.waking.creditUsd.set([1, 2]);
  before.waking.creditAt.set([3, 4]);
  const { waking } = createPool("digits-s", usualTerms, [laneOf("b"), laneOf("c")], before);
  expect(waking).toMatchObject({ lackUsd: 0.25, lackAt: 7, lookedAt: 6 });
  expect([[...waking.creditUsd], [...waking.creditAt]]).toEqual([
    [2, 0],
    [4, 0],
  ]);
});
