import { expect, test } from "vitest";
import { plainSettings, type VersionPolicy } from "#inference/models/model-settings.ts";
import { planVersions, type Revision, revisionOf } from "#inference/models/repository/plan-versions.ts";

/** `["1", "2b"]`: version 1, and version 2 in revision b. */
function revisions(...texts: readonly string[]): readonly Revision[] {
  return texts.map((text) => ({ version: text.replace(/\D/g, ""), revision: text.replace(/\d/g, "") }));
}

type Case = {
  readonly policy: VersionPolicy;
  readonly offered: readonly string[];
  readonly loaded?: readonly string[];
  readonly refused?: readonly string[];
};

function planOf({ policy, offered, loaded = [], refused = [] }: Case) {
  const plan = planVersions({
    policy,
    offered: revisions(...offered),
    loaded: revisions(...loaded),
    refused: revisions(...refused),
  });
  return { ...plan, open: plan.open.map(({ version, revision }) => version + revision) };
}

const latest = (count: number): VersionPolicy => ({ kind: "latest", count });
const all: VersionPolicy = { kind: "all" };
const specific = (...versions: string[]): VersionPolicy => ({ kind: "specific", versions });

test.each<[string, Case, object]>([
  ["the highest by number is the latest", { policy: latest(1), offered: ["9", "10"] }, { open: ["10"] }],
  [
    "the latest two open highest first",
    { policy: latest(2), offered: ["1", "2", "3"] },
    { open: ["3", "2"] },
  ],
  ["all are all", { policy: all, offered: ["1", "3"] }, { open: ["3", "1"] }],
  [
    "specific ones open whatever else there is, and one that is not there is told",
    { policy: specific("1", "4"), offered: ["1", "2"] },
    { open: ["1"], missing: ["4"] },
  ],
  [
    "what is superseded closes",
    { policy: latest(1), offered: ["1", "2"], loaded: ["1"] },
    { open: ["2"], close: ["1"] },
  ],
  [
    "what is gone from the source closes",
    { policy: all, offered: ["2"], loaded: ["1", "2"] },
    { close: ["1"] },
  ],
  [
    "a changed revision opens anew, and its version does not close",
    { policy: latest(1), offered: ["1b"], loaded: ["1a"] },
    { open: ["1b"] },
  ],
  ["what is as it should be stays", { policy: all, offered: ["1a", "2a"], loaded: ["2a", "1a"] }, {}],
  [
    "what failed is not tried again, and nothing closes because of it",
    { policy: latest(1), offered: ["1", "2b"], loaded: ["1"], refused: ["2b"] },
    {},
  ],
  [
    "what failed is tried again when it changed",
    { policy: latest(1), offered: ["1", "2c"], loaded: ["1"], refused: ["2b"] },
    { open: ["2c"], close: ["1"] },
  ],
  [
    "a version that is not there keeps the others in service",
    { policy: specific("7"), offered: ["1"], loaded: ["1"] },
    { missing: ["7"] },
  ],
])("plan: %s", (_, given, expected) => {
  expect(planOf(given)).toEqual({ open: [], close: [], missing: [], ...expected });
});

test("a version's revision changes with its files, its settings and its pin, and not with its neighbours", () => {
  const before = revisionOf(plainSettings, "1", "x");
  const pins = { "2": { "model.onnx": "hash" } };
  expect(revisionOf({ ...plainSettings, versionPolicy: all, pins }, "1", "x")).toBe(before);
  expect(revisionOf(plainSettings, "1", "y")).not.toBe(before);
  expect(revisionOf({ ...plainSettings, instances: 2 }, "1", "x")).not.toBe(before);
  expect(revisionOf({ ...plainSettings, pins }, "2", "x")).not.toBe(before);
});
