import { expect, test } from "vitest";
import { type Recorded, recordPursuit } from "#gateway/ledger/record-pursuit.ts";
import { watchPursuit } from "#gateway/ledger/watch-pursuit.ts";
import { factsOf, laneOf, poolOf, pursue } from "#test/support/courses.ts";

function watch() {
  const all: Recorded[] = [];
  const record = (...given: Parameters<typeof recordPursuit>): Recorded => {
    const recorded = recordPursuit(...given);
    all.push(recorded);
    return recorded;
  };
  return { all, watched: watchPursuit({ record }, factsOf()) };
}

test("a watched pursuit is recorded once, with its first choice and why its tries failed", () => {
  const { all, watched } = watch();
  const pool = poolOf([laneOf("first"), laneOf("second", { usd: 1e-6 })]);
  const { course } = pursue(pool, ({ kind }) => ({ ms: 5, fails: kind === "first" }));
  pool.scratch.costUsd.set([7, 8]);
  watched.onChoice(pool);
  pool.scratch.costUsd.set([1, 1]);
  watched.onChoice(pool);
  const [made] = course.tries;
  if (made) watched.onFailure(made, "backend_failed");
  expect(watched.recorded()).toBeUndefined();
  watched.onEnd(course);
  watched.onEnd(course, "internal");
  expect(all).toHaveLength(1);
  expect(watched.recorded()).toBe(all[0]);
  expect(all[0]?.tries.map(({ code }) => code)).toEqual(["backend_failed", undefined]);
  expect([all[0]?.seen.numbers[2], all[0]?.seen.numbers[8]]).toEqual([7, 8]);
  expect(all[0]?.outcome).not.toHaveProperty("code");
});

test("a watched pursuit that fails is recorded with its code", () => {
  const { all, watched } = watch();
  const { course } = pursue(poolOf([laneOf("only")]), () => ({ ms: 5, fails: true }));
  watched.onEnd(course, "backend_unreachable");
  expect(all[0]?.outcome).toMatchObject({ code: "backend_unreachable", missed: true });
});
