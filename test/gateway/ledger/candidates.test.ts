import { expect, test } from "vitest";
import { choose } from "#gateway/dispatch/choose.ts";
import type { Pool } from "#gateway/dispatch/pool.ts";
import { verdictCode } from "#gateway/dispatch/verdicts.ts";
import { candidatesOf, costOfOthers, moreThan, snapshotCandidates } from "#gateway/ledger/candidates.ts";
import { laneOf, poolOf } from "#test/support/courses.ts";
import { seededRandom } from "#test/support/random.ts";

const chance = { number: () => 0.5, bytes: (count: number) => new Uint8Array(count) };

function choosing(pool: Pool) {
  const chosen = choose(pool, { now: 1_000, deadlineAt: 1_250, bytes: 100, tried: [] }, chance);
  return { chosen, seen: snapshotCandidates(pool) };
}

test("the candidates of a choice begin with the chosen one and say what each was thought of", () => {
  const pool = poolOf([laneOf("dear", { usd: 1e-3 }), laneOf("cheap"), laneOf("slow", { ms: 9_000 })]);
  const { seen } = choosing(pool);
  const found = candidatesOf(seen);
  expect(found.map(({ backend }) => backend)).toEqual(["cheap", "dear", "slow"]);
  expect(found[0]).toMatchObject({ verdict: "chosen", predictedMs: 20, costUsd: 0 });
  expect(found[0]?.missChance).toBeLessThan(0.1);
  expect(found[0]?.scoreUsd).toBeGreaterThan(0);
  expect(moreThan(seen)).toBe(0);
});

test("of one that was too dear from the start no chance of a miss is told, since nobody looked", () => {
  const pool = poolOf([laneOf("cheap"), laneOf("dear", { usd: 1 })]);
  const dear = candidatesOf(choosing(pool).seen).find(({ backend }) => backend === "dear");
  expect(dear).toEqual({
    backend: "dear",
    predictedMs: 20,
    costUsd: 1,
    verdict: "dearer than the best could be",
  });
});

test("of a later group nothing is told, since its numbers are of an earlier choice", () => {
  const pool = poolOf([laneOf("near"), laneOf("far", {}, { group: 1 })]);
  pool.scratch.predictedMs.fill(7);
  pool.scratch.costUsd.fill(7);
  const { seen } = choosing(pool);
  expect(candidatesOf(seen)).toEqual([
    expect.objectContaining({ backend: "near", verdict: "chosen" }),
    { backend: "far", verdict: "in a later group" },
  ]);
  expect(costOfOthers(seen, pool.lanes.slice(0, 1), 250)).toBeUndefined();
});

test("a snapshot stays as it was when the next choice overwrites the pool's memory", () => {
  const pool = poolOf([laneOf("a"), laneOf("b", { usd: 1e-6 })]);
  const { seen } = choosing(pool);
  const before = candidatesOf(seen);
  pool.scratch.costUsd.fill(99);
  pool.scratch.verdict.fill(0);
  expect(candidatesOf(seen)).toEqual(before);
});

test("of three hundred lanes the sixteen best are kept, with the chosen one, and the rest is counted", () => {
  const random = seededRandom(5);
  for (let round = 0; round < 20; round += 1) {
    const lanes = Array.from({ length: 300 }, (_, n) =>
      laneOf(`b${n}`, { usd: random.between(1e-7, 1e-5), ms: random.between(5, 200) }),
    );
    const pool = poolOf(lanes);
    const { chosen, seen } = choosing(pool);
    const found = candidatesOf(seen);
    expect(found).toHaveLength(16);
    expect(moreThan(seen)).toBe(284);
    expect(found[0]?.backend).toBe(chosen?.lane.standing.name);
    const kept = new Set(found.map(({ backend }) => backend));
    const isUsable = (place: number) =>
      [verdictCode["lost on score"], verdictCode["dearer than the best could be"]].includes(
        pool.scratch.verdict[place] ?? 0,
      );
    const scores = (wanted: boolean) =>
      pool.lanes
        .filter(({ place, standing }) => isUsable(place) && kept.has(standing.name) === wanted)
        .map(({ place }) => pool.scratch.score[place] ?? 0);
    expect(Math.max(...scores(true))).toBeLessThanOrEqual(Math.min(...scores(false)));
  }
});

test("what others would have cost is of those in time that were not asked", () => {
  const pool = poolOf([
    laneOf("asked"),
    laneOf("near", { usd: 2e-6 }),
    laneOf("dear", { usd: 1 }),
    laneOf("late", { ms: 9_000, usd: 1e-9 }),
  ]);
  const { seen } = choosing(pool);
  expect(costOfOthers(seen, pool.lanes.slice(0, 1), 250)).toEqual({ cheapest: 2e-6, dearest: 1 });
  expect(costOfOthers(seen, pool.lanes, 250)).toBeUndefined();
});

test("numbers that JSON cannot hold are left out of a candidate", () => {
  const pool = poolOf([laneOf("a"), laneOf("b")]);
  choosing(pool);
  pool.scratch.predictedMs.fill(Number.POSITIVE_INFINITY);
  pool.scratch.costUsd.fill(Number.NaN);
  for (const one of candidatesOf(snapshotCandidates(pool))) {
    expect(one).not.toHaveProperty("predictedMs");
    expect(one).not.toHaveProperty("costUsd");
  }
});
