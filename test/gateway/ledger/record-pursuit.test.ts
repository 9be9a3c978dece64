import { expect, test } from "vitest";
import { decisionOf, recordPursuit } from "#gateway/ledger/record-pursuit.ts";
import { factsOf, laneOf, poolOf, pursue } from "#test/support/courses.ts";

const at = 1_700_000_000_000;

test("a request that is answered at once is recorded with what was foreseen and what was", () => {
  const pool = poolOf([laneOf("cheap", { usd: 1e-6 }), laneOf("dear", { usd: 5e-6 })]);
  const { course, seen } = pursue(pool, () => ({ ms: 23 }), { at, bytes: 4_096 });
  const decision = decisionOf(recordPursuit(course, factsOf({ seen, version: "abc" })));
  expect(decision).toMatchObject({
    ...{ requestId: "R1", image: 0, at, tenant: "acme", keyId: "k1", model: "digits-s", version: "abc" },
    ...{ sloMs: 250, deadlineMs: 250, bytes: 4_096, objective: "balanced", more: 0 },
    tries: [
      {
        ...{ backend: "cheap", kind: "first", verdict: "chosen", sentAfterMs: 0 },
        ...{ predictedMs: 20, costUsd: 1e-6, ms: 23, state: "answered" },
      },
    ],
    outcome: {
      ...{ answeredBy: "cheap", totalMs: 23, missed: false, spentUsd: 1e-6 },
      ...{ cheapestOtherUsd: 5e-6, dearestOtherUsd: 5e-6 },
    },
  });
  expect(decision.candidates.map(({ backend }) => backend)).toEqual(["cheap", "dear"]);
  expect(decision).not.toHaveProperty("seen");
});

test("what a second copy cost is spent too, and the one that lost is told as given up", () => {
  const pool = poolOf([laneOf("slow", { usd: 1e-7 }), laneOf("fast", { usd: 2e-7, ms: 21 })]);
  const { course, seen } = pursue(pool, ({ kind }) => ({ ms: kind === "first" ? 240 : 15 }), { at });
  const { tries, outcome } = decisionOf(recordPursuit(course, factsOf({ seen })));
  expect(tries.map(({ backend, kind, state }) => [backend, kind, state])).toEqual([
    ["slow", "first", "abandoned"],
    ["fast", "hedge", "answered"],
  ]);
  expect(tries[1]?.sentAfterMs).toBeGreaterThan(20);
  expect(outcome).toMatchObject({ answeredBy: "fast", missed: false });
  expect(outcome.spentUsd).toBeCloseTo(3e-7, 12);
  expect(outcome).not.toHaveProperty("cheapestOtherUsd");
});

test("a try that failed costs nothing and says why, where that is known", () => {
  const pool = poolOf([laneOf("first", { usd: 1e-6 }), laneOf("second", { usd: 2e-6 })]);
  const { course, seen } = pursue(pool, ({ kind }) => ({ ms: 9, fails: kind === "first" }), { at });
  const [made] = course.tries;
  const codes = made ? new Map([[made, "backend_unreachable" as const]]) : undefined;
  const { tries, outcome } = recordPursuit(course, factsOf({ seen, ...(codes && { codes }) }));
  expect(tries.map(({ kind, state, code }) => [kind, state, code])).toEqual([
    ["first", "failed", "backend_unreachable"],
    ["retry", "answered", undefined],
  ]);
  expect(outcome).toMatchObject({ answeredBy: "second", spentUsd: 2e-6, missed: false });
});

test("an answer after the deadline is a miss, and so is none", () => {
  const pool = poolOf([laneOf("only")]);
  const late = recordPursuit(pursue(pool, () => ({ ms: 300 })).course, factsOf());
  expect(late.outcome).toMatchObject({ answeredBy: "only", missed: true, totalMs: 300 });
  const failing = pursue(pool, () => ({ ms: 5, fails: true }));
  const failed = recordPursuit(failing.course, factsOf({ code: "backend_failed" }));
  expect(failed.outcome).toMatchObject({ code: "backend_failed", missed: true, spentUsd: 0 });
  expect(failed.outcome).not.toHaveProperty("answeredBy");
});

test("what the caller did wrong, or left, is no miss", () => {
  const { course } = pursue(poolOf([laneOf("only")]), () => ({ ms: 5, fails: true }));
  const { outcome } = recordPursuit({ ...course, ending: "given up" }, factsOf({ code: "caller_left" }));
  expect(outcome).toMatchObject({ code: "caller_left", missed: false });
});

test("where nobody could be asked the pool says why of each", () => {
  const lane = laneOf("broke", { budget: { usdPerHour: 0, usdPerDay: 0 }, usd: 1 });
  const { course, seen } = pursue(poolOf([lane]), () => ({ ms: 1 }));
  expect(seen).toBeUndefined();
  const decision = decisionOf(recordPursuit(course, factsOf({ seen, code: "backend_none" })));
  expect(decision.tries).toEqual([]);
  expect(decision.candidates).toMatchObject([{ backend: "broke", verdict: "over its budget" }]);
  expect(decision.outcome).toMatchObject({ code: "backend_none", missed: true, spentUsd: 0 });
});

test("a deadline without an end is told as a day", () => {
  const { course } = pursue(poolOf([laneOf("only")]), () => ({ ms: 5 }));
  const recorded = recordPursuit({ ...course, deadlineAt: Number.POSITIVE_INFINITY }, factsOf());
  expect(recorded).toMatchObject({ deadlineMs: 86_400_000, outcome: { missed: false } });
});
