import { expect, test } from "vitest";
import { moveCount, type Outcome, outcomeOf } from "#gateway/devices/rings/outcome.ts";
import { firstProgress, usualRings } from "#gateway/devices/rings/rollout.ts";
import { held, modelReport } from "#test/support/edge-rollouts.ts";

const failure = (cause: "unhealthy" | "download_failed" | "revoked", release = 2) => ({
  cause,
  release,
  detail: "",
});

test("a release counts as taken when it runs and its probation is over", () => {
  const report = modelReport({ active: held(2), agreement: 990_000 });
  expect(outcomeOf(report, 2)).toEqual({ kind: "succeeded", cause: null, agreement: 990_000 });
  expect(outcomeOf({ ...report, state: "probation" }, 2)).toMatchObject({ kind: "trying", agreement: null });
  expect(outcomeOf(modelReport({ active: held(1), wanted: 2, state: "syncing" }), 2)?.kind).toBe("trying");
});

test("a device with what it was built with is on its way as any other", () => {
  const report = modelReport({ wanted: 2, state: "built_in" });
  expect(outcomeOf(report, 2)?.kind).toBe("trying");
  expect(outcomeOf({ ...report, wanted: null }, 2)).toBeUndefined();
});

test("a failure counts whether the device fell back, kept what it had, or has only what it was built with", () => {
  for (const state of ["failed", "fell_back", "built_in"] as const) {
    const report = modelReport({ active: held(1), state, failure: failure("unhealthy") });
    expect(outcomeOf(report, 2)).toEqual({ kind: "failed", cause: "unhealthy", agreement: null });
  }
  const hindered = modelReport({ active: held(1), state: "failed", failure: failure("download_failed") });
  expect(outcomeOf(hindered, 2)?.kind).toBe("hindered");
});

test("a device that left a release because it was revoked is no failure of a ring", () => {
  for (const state of ["fell_back", "failed", "built_in"] as const) {
    const report = modelReport({ active: held(1), state, failure: failure("revoked") });
    expect(outcomeOf(report, 2)).toMatchObject({ kind: "hindered", cause: "revoked" });
  }
});

test("news of another release say nothing of this one", () => {
  expect(outcomeOf(modelReport({ active: held(1) }), 2)).toBeUndefined();
  expect(outcomeOf(modelReport({ active: held(3) }), 2)).toBeUndefined();
  const old = modelReport({ active: held(1), state: "fell_back", failure: failure("unhealthy", 3) });
  expect(outcomeOf(old, 2)).toBeUndefined();
  expect(outcomeOf(modelReport({ active: held(1), wanted: 3, state: "syncing" }), 2)).toBeUndefined();
  const moved = modelReport({ active: held(2), state: "in_sync", failure: failure("unhealthy", 1) });
  expect(outcomeOf(moved, 2)?.kind).toBe("succeeded");
});

test("a device whose outcome changes moves its count, and whatever it flaps between it is counted once", () => {
  const good: Outcome = { kind: "succeeded", cause: null, agreement: 990_000 };
  const bad: Outcome = { kind: "failed", cause: "unhealthy", agreement: null };
  const gate = { minAgreement: 995_000 };
  let progress = moveCount(firstProgress(usualRings, 0), { ring: 1, from: undefined, to: good }, gate);
  for (let turn = 0; turn < 5; turn += 1) {
    progress = moveCount(progress, { ring: 1, from: good, to: bad }, gate);
    expect(progress.counts[1]).toMatchObject({
      succeeded: 0,
      failed: 1,
      causes: { unhealthy: 1 },
      ...{ agreementTold: 0, agreementLow: 0 },
    });
    progress = moveCount(progress, { ring: 1, from: bad, to: good }, gate);
    expect(progress.counts[1]).toMatchObject({ succeeded: 1, failed: 0, causes: { unhealthy: 0 } });
  }
  expect(progress.counts[1]).toMatchObject({ agreementSum: 990_000, agreementTold: 1, agreementLow: 1 });
  expect(progress.counts[0]).toMatchObject({ succeeded: 0, failed: 0 });
});
