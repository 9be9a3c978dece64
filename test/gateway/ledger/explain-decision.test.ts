import { expect, test } from "vitest";
import type { Candidate, Decision, TryMade } from "#gateway/ledger/decision.ts";
import { explainDecision, perMillion, reasonOf, tellDecision } from "#gateway/ledger/explain-decision.ts";
import { decisionOf, recordPursuit } from "#gateway/ledger/record-pursuit.ts";
import { factsOf, laneOf, poolOf, pursue } from "#test/support/courses.ts";

const usual = ((): Decision => {
  const pool = poolOf([laneOf("cheap", { usd: 3.1e-6 }), laneOf("dear", { usd: 5e-5 })]);
  const { course, seen } = pursue(pool, () => ({ ms: 23.14 }));
  return decisionOf(recordPursuit(course, factsOf({ seen })));
})();

const first = usual.tries[0] as TryMade;

function among(candidates: readonly Partial<Candidate>[], made: Partial<TryMade> = {}): Decision {
  const whole = candidates.map((one, n) => ({ backend: `b${n}`, verdict: "lost on score", ...one }));
  return { ...usual, candidates: whole, tries: [{ ...first, backend: "b0", ...made }] };
}

const inTime = { missChance: 0.001, predictedMs: 20, costUsd: 1e-6 };

test("a decision fits into a header", () => {
  expect(explainDecision(usual)).toBe(
    'cheap;why="cheapest in time";predicted=20;usd-per-million=3.1;tries=1',
  );
});

test("a header says that it was late, why it failed, and that nobody was there", () => {
  const late = { ...usual, outcome: { ...usual.outcome, missed: true } };
  expect(explainDecision(late)).toMatch(/;tries=1;missed$/);
  const outcome = { code: "backend_none", totalMs: 1, missed: true, spentUsd: 0 };
  expect(explainDecision({ ...usual, tries: [], candidates: [], outcome })).toBe(
    'none;why="nobody could be asked";usd-per-million=0;tries=0;missed;failed="backend_none"',
  );
});

test.each([
  ["hedge", "second copy of a slow one"],
  ["retry", "tried again elsewhere"],
] as const)("a header says of a %s what it was, and what was foreseen of it", (kind, why) => {
  const tries = [
    { ...first, state: "abandoned" as const },
    { ...first, kind, backend: "dear", predictedMs: 7 },
  ];
  const header = explainDecision({ ...usual, tries, outcome: { ...usual.outcome, answeredBy: "dear" } });
  expect(header).toBe(`dear;why="${why}";predicted=7;usd-per-million=3.1;tries=2`);
});

test.each([
  ["ours/2", "ours/2;"],
  ["2nd", '"2nd";'],
  ['a "b"\\', '"a \\"b\\"\\\\";'],
  ["héron\r\nx: y", '"h?ron??x: y";'],
  ["", '"";'],
])("a backend named %j breaks no header", (answeredBy, start) => {
  const tries = [{ ...first, backend: answeredBy }];
  const header = explainDecision({ ...usual, tries, outcome: { ...usual.outcome, answeredBy } });
  expect(header.startsWith(start)).toBe(true);
  expect(header).toMatch(/^[\x20-\x7e]*$/);
});

test.each([
  [Number.NaN, "usd-per-million=0;"],
  [1e30, "usd-per-million=999999999999;"],
  [1.23456e-6, "usd-per-million=1.235;"],
  [1e-4, "usd-per-million=100;"],
])("dollars of %d are written as the form allows", (spentUsd, part) => {
  expect(explainDecision({ ...usual, outcome: { ...usual.outcome, spentUsd } })).toContain(part);
});

test.each([
  ["cheapest in time", among([inTime, { ...inTime, costUsd: 2e-6 }])],
  [
    "cheapest in time",
    among([inTime, { predictedMs: 20, costUsd: 1, verdict: "dearer than the best could be" }]),
  ],
  ["fastest", among([inTime, { ...inTime, costUsd: 5e-7, predictedMs: 90 }])],
  ["least likely to be late", among([inTime, { costUsd: 5e-7, predictedMs: 10, missChance: 0.05 }])],
  [
    "best of price, wait and risk",
    among([
      inTime,
      { costUsd: 5e-7, predictedMs: 90, missChance: 0.05 },
      { ...inTime, predictedMs: 1, missChance: 0 },
    ]),
  ],
  ["alone in time", among([inTime, { ...inTime, missChance: 0.9 }])],
  ["nobody is sure to be in time", among([{ missChance: 0.4 }, { missChance: 0.5 }])],
  ["worth the risk of being late", among([{ missChance: 0.2 }, inTime])],
  ["nobody else could be asked", among([inTime, { verdict: "full" }])],
  ["nobody else could be asked", among([])],
  ["tried out with a share of the requests", among([inTime], { verdict: "chosen as canary" })],
  ["everyone rests or is full", among([inTime], { verdict: "chosen in panic" })],
])("a choice is called %s where it is", (reason, decision) => {
  expect(reasonOf(decision)).toBe(reason);
});

test("what happened is told in plain words", () => {
  expect(tellDecision(usual)).toBe(
    "cheap was asked first (cheapest in time): 20 ms of 250 were expected, at $3.10 per 1M; others in time would have cost $50.00. cheap answered after 23 ms, in time.",
  );
});

test("second copies, retries and failures are told, and a request that nobody could take", () => {
  const tries = [first, { ...first, kind: "hedge" as const }, { ...first, kind: "retry" as const }];
  const outcome = { answeredBy: "dear", totalMs: 400, missed: true, spentUsd: 1e-5 };
  expect(tellDecision({ ...usual, tries, outcome })).toMatch(
    /no other was likely to be in time\. dear answered after 400 ms \(1 sent as a second copy, 1 tried again elsewhere\), and that was too late\.$/,
  );
  const none = {
    ...usual,
    tries: [],
    outcome: { code: "backend_none", totalMs: 1, missed: true, spentUsd: 0 },
  };
  expect(tellDecision(none)).toBe("Nobody could be asked. It failed with backend_none after 1 ms.");
});

test.each([
  [0, "$0.00"],
  [3.1e-6, "$3.10"],
  [1.2e-9, "$0.001"],
  [0.01, "$10000.00"],
])("a million of what costs %d dollars cost %s", (usd, text) => {
  expect(perMillion(usd)).toBe(text);
});
