import { expect, test } from "vitest";
import { readService } from "#adapters/cloud-run/read-service.ts";
import { readStatus, revisionsIn } from "#adapters/cloud-run/read-status.ts";
import type { Condition, Revision, Service } from "#adapters/cloud-run/run-api.ts";

const image = `registry/backend@sha256:${"a".repeat(64)}`;
const ready: Condition = { type: "Ready", state: "CONDITION_SUCCEEDED" };

const revisionWith = (...conditions: Condition[]): Revision => ({
  conditions,
  containers: [
    {
      image,
      ports: [{ containerPort: 8080 }],
      env: [
        { name: "TRADEWIND_MODELS", value: "/models/two" },
        { name: "TRADEWIND_DEPLOYMENT", value: "r2" },
      ],
    },
  ],
});

const service: Service = {
  etag: '"1"',
  template: {},
  uri: "https://digits.a.run.app",
  scaling: { minInstanceCount: 2, maxInstanceCount: 5 },
  traffic: [
    { revision: "d-1", percent: 90 },
    { revision: "d-2", percent: 10, tag: "candidate" },
  ],
  trafficStatuses: [
    { revision: "d-1", percent: 90 },
    { revision: "d-2", percent: 10, tag: "candidate", uri: "https://candidate---digits.a.run.app" },
  ],
};

const statusOf = (revisions: Record<string, Revision>, changed: Service = service) =>
  readStatus(readService(changed), new Map(Object.entries(revisions)));

test("a status has each revision's part, image, models and address", () => {
  const status = statusOf({ "d-1": revisionWith(ready), "d-2": revisionWith(ready) });
  expect(status.revisions).toEqual([
    {
      name: "d-1",
      role: "stable",
      image,
      models: "/models/two",
      id: "r2",
      share: 0.9,
      running: 2,
      pending: 0,
      state: "ready",
      url: "https://digits.a.run.app",
      why: undefined,
    },
    expect.objectContaining({
      name: "d-2",
      role: "candidate",
      share: 0.1,
      running: 0,
      url: "https://candidate---digits.a.run.app",
    }),
  ]);
  expect(status).toMatchObject({
    desired: 2,
    running: 2,
    pending: 0,
    bounds: { least: 2, most: 5 },
    coldStarts: [],
    troubles: [],
    isSettled: true,
  });
});

test("instances that are still warming are pending, not running", () => {
  const warming: Condition = { type: "MinInstances", revisionReason: "MIN_INSTANCES_WARMING" };
  const status = statusOf({ "d-1": revisionWith(ready, warming), "d-2": revisionWith(ready) });
  expect(status).toMatchObject({ desired: 2, running: 0, pending: 2 });
});

test("nothing is settled while a revision starts or the platform is at work", () => {
  const starting = revisionWith({ type: "Ready", state: "CONDITION_RECONCILING" });
  expect(statusOf({ "d-1": revisionWith(ready), "d-2": starting }).isSettled).toBe(false);
  const busy = { ...service, reconciling: true };
  expect(statusOf({ "d-1": revisionWith(ready), "d-2": revisionWith(ready) }, busy).isSettled).toBe(false);
});

test("a count that somebody else keeps is told without bounds", () => {
  const manual = { ...service, scaling: { scalingMode: "MANUAL" as const, manualInstanceCount: 4 } };
  const status = statusOf({ "d-1": revisionWith(ready) }, manual);
  expect(status.desired).toBe(4);
  expect(status.bounds).toBeUndefined();
});

test("a revision that the platform forgot is left out", () => {
  const traffic = [
    { revision: "d-1", percent: 100 },
    { revision: "d-0", percent: 0, tag: "previous" },
  ];
  const view = readService({ ...service, traffic });
  expect(revisionsIn(view)).toEqual(["d-1", "d-0"]);
  expect(readStatus(view, new Map([["d-1", revisionWith(ready)]])).revisions).toHaveLength(1);
});

const failing = (condition: Condition) => {
  const failed: Condition = { type: "Ready", state: "CONDITION_FAILED", message: "it failed" };
  const cause: Condition = { type: "ContainerHealthy", state: "CONDITION_FAILED", ...condition };
  return statusOf({ "d-1": revisionWith(ready), "d-2": revisionWith(failed, cause) });
};

test.each<[Condition, string, string | undefined]>([
  [{ message: "Image 'x' not found.", reason: "CONTAINER_MISSING" }, "image", undefined],
  [{ message: "Not allowed to pull.", reason: "CONTAINER_IMAGE_UNAUTHORIZED" }, "image", undefined],
  [
    { message: "Permission secretmanager.versions.access denied", reason: "SECRETS_ACCESS_CHECK_FAILED" },
    "permission",
    "secretmanager.versions.access",
  ],
  [{ message: "It never listened.", revisionReason: "HEALTH_CHECK_CONTAINER_ERROR" }, "health", undefined],
  [
    { message: "Quota violated: NvidiaL4GpuAllocNoZonalRedundancyPerProjectRegion requested: 2 allowed: 1" },
    "quota",
    "NvidiaL4GpuAllocNoZonalRedundancyPerProjectRegion",
  ],
  [{ type: "ResourcesAvailable", message: "No room." }, "capacity", undefined],
  [{ message: "The sky fell." }, "other", undefined],
])("a failed revision says why: %o", (condition, kind, name) => {
  const at = { lastTransitionTime: { seconds: "1700000000", nanos: 0 } };
  const { troubles, revisions } = failing({ ...condition, ...at });
  expect(troubles).toEqual([{ kind, name, message: condition.message, at: 1_700_000_000_000 }]);
  expect(revisions[1]).toMatchObject({ state: "failed", why: condition.message });
});

test("instances that cannot be had are a lack of room, though the revision is ready", () => {
  const lacking: Condition = {
    type: "MinInstances",
    state: "CONDITION_RECONCILING",
    revisionReason: "MIN_INSTANCES_NOT_PROVISIONED",
  };
  const { troubles } = statusOf({ "d-1": revisionWith(ready, lacking), "d-2": revisionWith(ready) });
  expect(troubles).toEqual([expect.objectContaining({ kind: "capacity" })]);
});

test("a reason that is told at great length is told shortly", () => {
  expect(failing({ message: "x".repeat(5_000) }).troubles[0]?.message).toHaveLength(500);
});

test("a revision with a thousand conditions is not believed", () => {
  const many = revisionWith(...Array.from({ length: 1_000 }, () => ready));
  expect(() => statusOf({ "d-1": many })).toThrow(
    expect.objectContaining({ code: "provider_answer_invalid" }),
  );
});
