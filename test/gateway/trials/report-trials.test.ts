import { expect, test } from "vitest";
import { countAgreement, countOutcome, noFacts } from "#gateway/agreement/trial-facts.ts";
import { countPath } from "#gateway/trials/count-path.ts";
import { reportTrials } from "#gateway/trials/report-trials.ts";
import type { TrialPlan } from "#gateway/trials/trial-plan.ts";
import type { Finding } from "#gateway/trials/trials-store.ts";
import { readTrials, writeTrials } from "#gateway/trials/written-trials.ts";

const plan: TrialPlan = {
  model: "digits-s",
  incumbents: ["old", "far"],
  candidates: [{ kind: "canary", provider: "new", share: 0.1 }],
  isWatched: false,
  minimum: 0.9,
  sloMs: 250,
};

type Measured = {
  readonly ms?: number;
  readonly times?: number;
  readonly agreement?: number;
  readonly failing?: number;
};

function findingOf(backend: string, measured: Measured = {}, more: Partial<Finding> = {}): Finding {
  const { ms = 20, times = 2_000, agreement = 1, failing = 0 } = measured;
  const facts = noFacts();
  for (let n = 0; n < times; n += 1) {
    countOutcome(facts, { ms: ms * (1 + (n % 10) / 100), usd: 1e-6, failed: n < failing });
    if (n % 4 === 0) countAgreement(facts, agreement);
  }
  const names = {
    model: "digits-s",
    step: "canary new 0.1",
    version: "1",
    state: "agrees",
    why: "fine",
  } as const;
  return { ...names, backend, facts, isBarred: false, ...more };
}

function verdictOf(candidate: Measured, incumbent: Measured = {}) {
  const [report] = reportTrials([plan], [findingOf("old", incumbent), findingOf("new", candidate)]);
  return report?.candidates[0];
}

test("a candidate that was as good over many images may have more", () => {
  expect(verdictOf({})).toMatchObject({ provider: "new", kind: "canary", share: 0.1, verdict: "advance" });
});

test("a candidate that is as good is not judged by a few images", () => {
  expect(verdictOf({ times: 20 })).toMatchObject({ verdict: "hold", why: expect.stringMatching(/too few/) });
});

test.each([
  ["whose answers are others", { agreement: 0.5 }, /agreement 0\.500/],
  ["that fails", { failing: 200 }, /200 of 2000 failed/],
  ["that is late", { ms: 400 }, /slower than is allowed/],
])("a candidate %s goes back", (_, measured, why) => {
  expect(verdictOf(measured)).toMatchObject({ verdict: "roll back", why: expect.stringMatching(why) });
});

test("within half of what its route promises a candidate may be slower than a fast one", () => {
  expect(verdictOf({ ms: 60 }, { ms: 5 })).toMatchObject({ verdict: "advance" });
});

test("a row is of a provider with all its backends, and who has no facts has an empty one", () => {
  const [report] = reportTrials([plan], [findingOf("old/1", { times: 3 }), findingOf("old/2", { times: 4 })]);
  expect(report?.incumbents).toMatchObject([
    { backend: "old", samples: 7 },
    { backend: "far", samples: 0, p50Ms: undefined, agreement: undefined },
  ]);
});

test("who drifts is told of, and what was found in another step is not", () => {
  const drifts = findingOf("old", { times: 1 }, { state: "drifts", isBarred: true, why: "it differs" });
  const other = findingOf("new", {}, { step: "canary new 0.01", state: "drifts" });
  const [report] = reportTrials([plan], [drifts, other]);
  expect(report?.drifting).toEqual([{ backend: "old", isBarred: true, why: "it differs" }]);
  expect(report?.candidates[0]?.row.samples).toBe(0);
});

test("a report is the same after it was written and read", () => {
  const trials = reportTrials(
    [plan],
    [findingOf("old", { times: 9 }, { state: "drifts" }), findingOf("new")],
  );
  const report = { isShared: true, trials };
  expect(readTrials(JSON.parse(JSON.stringify(writeTrials(report))))).toEqual(report);
});

const made = {
  kind: "first",
  verdict: "chosen",
  sentAfterMs: 0,
  predictedMs: 9,
  costUsd: 0.5,
  ms: 12,
} as const;
const outcome = { totalMs: 12, missed: false, spentUsd: 0 };

test("on the path a backend is counted with what it took and cost, and with failures that are its own", () => {
  const counted: unknown[] = [];
  const trials = { count: (...given: unknown[]) => void counted.push(given.slice(1)) };
  const tries = [
    { ...made, backend: "bad", state: "failed", code: "backend_failed" },
    { ...made, backend: "unheard", state: "failed" },
    { ...made, backend: "full", state: "failed", code: "backend_full" },
    { ...made, backend: "blameless", state: "failed", code: "image_undecodable" },
    { ...made, backend: "slow", state: "abandoned" },
    { ...made, backend: "good", state: "answered" },
  ] as const;
  countPath(trials, "m", { tries, outcome: { ...outcome, answeredBy: "good" } });
  expect(counted).toEqual([
    ["bad", { ms: 12, usd: 0, failed: true }],
    ["unheard", { ms: 12, usd: 0, failed: true }],
    ["slow", { ms: 12, usd: 0.5 }],
    ["good", { ms: 12, usd: 0.5 }],
  ]);
});

test("where the caller left nothing is said of whoever was still at it", () => {
  const counted: unknown[] = [];
  const trials = { count: (...given: unknown[]) => void counted.push(given) };
  countPath(trials, "m", { tries: [{ ...made, backend: "a", state: "abandoned" }], outcome });
  expect(counted).toEqual([]);
});
