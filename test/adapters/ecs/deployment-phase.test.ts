import type { ServiceDeployment } from "@aws-sdk/client-ecs";
import { expect, test } from "vitest";
import { isBeside, phaseOf, waitingHook } from "#adapters/ecs/deployment-phase.ts";

const gated: ServiceDeployment = {
  status: "IN_PROGRESS",
  deploymentConfiguration: {
    strategy: "BLUE_GREEN",
    lifecycleHooks: [{ targetType: "PAUSE", lifecycleStages: ["POST_SCALE_UP"] }],
  },
};

const waiting = { hookId: "h", targetType: "PAUSE", status: "AWAITING_ACTION" } as const;

test.each([
  [{ status: "PENDING" }, "starting"],
  [{ lifecycleStage: "SCALE_UP" }, "starting"],
  [{ lifecycleStage: "POST_SCALE_UP" }, "starting"],
  [{ lifecycleStage: "POST_SCALE_UP", lifecycleHookDetails: [waiting] }, "waiting"],
  [
    { lifecycleStage: "POST_SCALE_UP", lifecycleHookDetails: [{ ...waiting, status: "SUCCEEDED" }] },
    "released",
  ],
  [{ lifecycleStage: "TEST_TRAFFIC_SHIFT" }, "released"],
  [{ lifecycleStage: "PRODUCTION_TRAFFIC_SHIFT" }, "shifting"],
  [
    {
      lifecycleStage: "PRE_PRODUCTION_TRAFFIC_SHIFT" as "POST_SCALE_UP",
      targetServiceRevision: { requestedProductionTrafficWeight: 10 },
    },
    "shifting",
  ],
  [{ lifecycleStage: "BAKE_TIME" }, "settling"],
  [{ lifecycleStage: "CLEAN_UP" }, "settling"],
  [{ status: "STOP_REQUESTED" }, "returning"],
  [{ status: "ROLLBACK_IN_PROGRESS" }, "returning"],
  [{ status: "SUCCESSFUL", lifecycleStage: "CLEAN_UP" }, "done"],
  [{ status: "ROLLBACK_SUCCESSFUL" }, "undone"],
  [{ status: "STOPPED" }, "undone"],
] satisfies readonly (readonly [Partial<ServiceDeployment>, string])[])(
  "an ECS deployment with %j is %s",
  (given, phase) => {
    expect(phaseOf({ ...gated, ...given })).toBe(phase);
  },
);

test("tasks that ECS replaces one by one cannot be told apart, whatever the stage", () => {
  const rolling = { ...gated, deploymentConfiguration: { strategy: "ROLLING" }, lifecycleStage: "SCALE_UP" };
  expect(phaseOf(rolling as ServiceDeployment)).toBe("rolling");
  expect(phaseOf({ status: "IN_PROGRESS" })).toBe("rolling");
});

test("a pause that somebody else set after the traffic came is not the gate", () => {
  const later: ServiceDeployment = {
    ...gated,
    lifecycleStage: "POST_PRODUCTION_TRAFFIC_SHIFT",
    lifecycleHookDetails: [waiting],
  };
  expect(waitingHook(later)).toBeUndefined();
  expect(phaseOf(later)).toBe("settling");
});

test("a function that ECS waits for at the gate is not what a person releases", () => {
  const lambda: ServiceDeployment = {
    ...gated,
    lifecycleStage: "POST_SCALE_UP",
    lifecycleHookDetails: [{ ...waiting, targetType: "AWS_LAMBDA" }],
  };
  expect(waitingHook(lambda)).toBeUndefined();
});

test("a revision stands beside what answers until the traffic begins to come", () => {
  expect((["starting", "waiting", "released"] as const).every(isBeside)).toBe(true);
  expect((["rolling", "shifting", "settling", "returning", "done", "undone"] as const).some(isBeside)).toBe(
    false,
  );
});
