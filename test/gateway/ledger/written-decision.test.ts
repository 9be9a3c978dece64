import { expect, test } from "vitest";
import { decisionOf, recordPursuit } from "#gateway/ledger/record-pursuit.ts";
import { readDecision, writeDecision, writtenDecision } from "#gateway/ledger/written-decision.ts";
import { factsOf, laneOf, poolOf, pursue } from "#test/support/courses.ts";

const lanes = () => [laneOf("a", { usd: 1e-6 }), laneOf("b", { usd: 2e-6 }), laneOf("c", {}, { group: 1 })];

test.each([
  ["an answer", () => pursue(poolOf(lanes()), () => ({ ms: 20 })), {}],
  ["a second copy", () => pursue(poolOf(lanes()), ({ kind }) => ({ ms: kind === "first" ? 240 : 9 })), {}],
  [
    "a failure",
    () => pursue(poolOf(lanes()), () => ({ ms: 5, fails: true })),
    { code: "backend_failed" as const, version: "v1" },
  ],
])("a decision of %s comes back from JSON as it was", (_, run, more) => {
  const { course, seen } = run();
  const decision = decisionOf(recordPursuit(course, factsOf({ seen, ...more })));
  const json: unknown = JSON.parse(JSON.stringify(writeDecision(decision)));
  expect(readDecision(writtenDecision.strict().parse(json))).toEqual({
    ...decision,
    at: Math.trunc(decision.at),
  });
});

test("names that no database takes are written without what is wrong with them", () => {
  const { course } = pursue(poolOf([laneOf("b")]), () => ({ ms: 1 }));
  const facts = factsOf({ version: "a\u0000b\ud800", model: "x".repeat(5_000), tenant: "\u0000" });
  const written = writeDecision(decisionOf(recordPursuit(course, facts)));
  expect(written).toMatchObject({ version: "ab\ufffd", model: "x".repeat(256), tenant: "" });
});
