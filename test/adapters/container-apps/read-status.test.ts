import type { Replica, Revision } from "@azure/arm-appcontainers";
import { expect, test } from "vitest";
import { readStatus } from "#adapters/container-apps/read-status.ts";
import type { Place } from "#adapters/container-apps/who-stands.ts";

const up: Replica = { runningState: "Running", containers: [{ name: "backend", ready: true }] };
const waiting: Replica = { runningState: "NotRunning", containers: [{ name: "backend", ready: false }] };

function place(more: Partial<Revision> = {}, minReplicas = 1): Place {
  return {
    app: {
      location: "westeurope",
      name: "detector",
      provisioningState: "Succeeded",
      latestReadyRevisionName: "a",
      configuration: { activeRevisionsMode: "Single" },
    },
    revisions: [
      {
        name: "a",
        active: true,
        provisioningState: "Provisioned",
        runningState: "Running",
        template: { containers: [{ name: "backend", image: "i" }], scale: { minReplicas, maxReplicas: 3 } },
        ...more,
      },
    ],
  };
}

const statusOf = (replicas: readonly Replica[], given = place()) =>
  readStatus(given, new Map([["a", replicas]]), []);

test("as many replicas as the least is a container app that is settled", () => {
  expect(statusOf([up])).toMatchObject({
    desired: 1,
    running: 1,
    pending: 0,
    bounds: { least: 1, most: 3 },
    isSettled: true,
    revisions: [{ name: "a", role: "stable", share: 1, state: "ready", image: "i" }],
  });
});

test("a replica is not ready before each of its containers is", () => {
  const half: Replica = { runningState: "Running", containers: [{ ready: true }, { ready: false }] };
  for (const replica of [half, waiting, { runningState: "Running", containers: [] }])
    expect(statusOf([replica as Replica])).toMatchObject({ running: 0, pending: 1, isSettled: false });
});

test("more replicas than the least are wanted as long as they stand", () => {
  expect(statusOf([up, up, waiting])).toMatchObject({ desired: 3, running: 2, pending: 1 });
});

test("what may sleep is ready while it does", () => {
  expect(statusOf([], place({}, 0))).toMatchObject({
    desired: 0,
    isSettled: true,
    revisions: [{ state: "ready", running: 0 }],
  });
  expect(statusOf([], place({ provisioningState: "Provisioning" }, 0)).revisions[0]?.state).toBe("starting");
});

test.each([
  ["ErrImagePull: manifest unknown", "image"],
  ["GPU quota of the environment is used up", "quota"],
  ["Insufficient capacity in the region", "capacity"],
  ["container exited with 1", "health"],
])("a revision that fails says why, and of which kind it is: %s", (provisioningError, kind) => {
  const failed = place({ provisioningState: "Failed", runningState: "Failed", provisioningError });
  expect(statusOf([], failed)).toMatchObject({
    revisions: [{ state: "failed", why: provisioningError }],
    troubles: [{ kind, name: "a" }],
  });
});

test("a revision that fails without an error of its own says what its replicas do", () => {
  const crashing: Replica = { ...waiting, runningStateDetails: "CrashLoopBackOff" };
  const failed = place({ runningState: "Degraded" });
  expect(statusOf([crashing], failed).revisions[0]?.why).toBe("CrashLoopBackOff");
  expect(statusOf([], failed).revisions[0]?.why).toContain("Degraded");
});

test("a revision with a ready replica answers, whatever else is said of it", () => {
  expect(statusOf([up], place({ healthState: "Unhealthy" })).revisions[0]?.state).toBe("ready");
});

test("an app whose last change failed or goes on says so", () => {
  const { app, revisions } = place();
  const failed = statusOf([up], { app: { ...app, provisioningState: "Failed" }, revisions });
  expect(failed.troubles).toMatchObject([{ kind: "other", name: "detector" }]);
  const busy = statusOf([up], { app: { ...app, provisioningState: "InProgress" }, revisions });
  expect(busy.isSettled).toBe(false);
});
