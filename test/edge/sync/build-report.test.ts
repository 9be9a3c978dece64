import { expect, test } from "vitest";
import { emptyModel, emptyState, type ModelState, type Slot } from "#edge/store/device-state.ts";
import { buildReport, type ReportFacts } from "#edge/sync/build-report.ts";
import { type ModelReport, type Plan, report } from "#infra/runtime/devices/words.ts";

const slot = (release: number): Slot => ({
  ...{ release, version: `${release}.0`, target: "any" },
  sha256: String(release).repeat(64).slice(0, 64),
});
const bad = (release: number, cause: "unhealthy" | "self_test_failed" | "revoked") => ({
  ...{ release, cause, detail: "why" },
  sha256: slot(release).sha256,
});

type Given = {
  readonly model?: Partial<ModelState>;
  readonly planned?: number | null;
  readonly memo?: Partial<ReportFacts["memo"]>;
  readonly isBuiltIn?: boolean;
};

function reported({ model = {}, planned, memo = {}, isBuiltIn }: Given): ModelReport | undefined {
  const plan: Plan | undefined =
    planned === undefined
      ? undefined
      : {
          ...{ device: `dev_${"0".repeat(26)}`, nonce: "n".repeat(16), at: 1, pollMs: 1_000 },
          models: [{ model: "m", release: planned, why: "rollout", rollout: "er_1" }],
        };
  const said = buildReport({
    state: { ...emptyState, models: { m: { ...emptyModel, ...model } } },
    memo: { plan, trouble: null, failures: new Map(), onTheWay: new Map(), ...memo },
    machine: { target: "x64", agent: "0.1.0", memoryMb: 1 },
    ...{ hardware: "x64", at: 5, clockTrusted: true, trustedNow: 5, freeBytes: 1 },
    running: new Map(isBuiltIn === undefined ? [] : [["m", { isBuiltIn }]]),
    counts: () => ({ images: 0, failed: 0, p95Ms: null }),
  });
  return report.parse(said).models.find(({ model: name }) => name === "m");
}

test.each<[string, Given, ModelReport["state"]]>([
  ["runs what is planned", { model: { active: slot(2) }, planned: 2 }, "in_sync"],
  ["runs what nobody planned otherwise", { model: { active: slot(2) }, planned: null }, "in_sync"],
  [
    "is watched still",
    {
      model: {
        active: slot(2),
        probation: { sinceMs: 1, images: 0, deaths: 0, openings: 0, before: null, seen: [] },
      },
      planned: 2,
    },
    "probation",
  ],
  ["is on its way", { model: { active: slot(1) }, planned: 2 }, "syncing"],
  ["has nothing yet", { planned: 2 }, "syncing"],
  ["has nothing and is to have nothing", { planned: null }, "none"],
  [
    "could not take it",
    { model: { active: slot(1), quarantined: [bad(2, "self_test_failed")] }, planned: 2 },
    "failed",
  ],
  [
    "came back from it",
    { model: { active: slot(1), quarantined: [bad(2, "unhealthy")] }, planned: 2 },
    "fell_back",
  ],
  [
    "came back, and that is planned now",
    { model: { active: slot(1), quarantined: [bad(2, "revoked")] }, planned: 1 },
    "fell_back",
  ],
  [
    "takes the one after a bad one",
    { model: { active: slot(1), quarantined: [bad(2, "unhealthy")] }, planned: 3 },
    "syncing",
  ],
  [
    "has the one after a bad one",
    { model: { active: slot(3), quarantined: [bad(2, "unhealthy")] }, planned: 3 },
    "in_sync",
  ],
  ["does with what it came with", { planned: 2, isBuiltIn: true }, "built_in"],
])("a device that %s says so", (_, given, state) => {
  expect(reported(given)?.state).toBe(state);
});

test("what fails at this moment stands before what failed once", () => {
  const failure = { cause: "download_failed", release: 3, detail: "the line broke" } as const;
  const model = { active: slot(1), quarantined: [bad(2, "unhealthy")] };
  expect(reported({ model, planned: 3, memo: { failures: new Map([["m", failure]]) } })).toMatchObject({
    ...{ failure, state: "failed", wanted: 3, rollout: "er_1" },
  });
});

test("what is on its way is what is wanted, and what is there is not", () => {
  expect(
    reported({ model: { active: slot(1) }, planned: 2, memo: { onTheWay: new Map([["m", 2]]) } })?.wanted,
  ).toBe(2);
  expect(reported({ model: { active: slot(2) }, planned: 2 })?.wanted).toBeNull();
});
