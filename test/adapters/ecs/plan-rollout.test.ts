import type { DeploymentLifecycleHook, Service } from "@aws-sdk/client-ecs";
import { expect, test } from "vitest";
import { planCount, planReturn, planRollout } from "#adapters/ecs/plan-rollout.ts";
import { settings as schema } from "#adapters/ecs/settings.ts";

const settingsOf = (given: object = {}) =>
  schema.parse({ kind: "ecs", region: "eu-west-1", cluster: "vision", service: "detect", ...given });

const lambda: DeploymentLifecycleHook = {
  targetType: "AWS_LAMBDA",
  hookTargetArn: "arn:aws:lambda:x",
  roleArn: "arn:aws:iam::1:role/hook",
  lifecycleStages: ["POST_SCALE_UP"],
};

const service: Service = {
  desiredCount: 2,
  capacityProviderStrategy: [{ capacityProvider: "gpu", weight: 1, base: 0 }],
  deploymentConfiguration: {
    strategy: "ROLLING",
    maximumPercent: 150,
    minimumHealthyPercent: 100,
    lifecycleHooks: [lambda, { targetType: "PAUSE", lifecycleStages: ["POST_SCALE_UP"] }],
  },
};

test("a rollout on ECS waits where the candidate stands, a day at most, and keeps what others configured", () => {
  expect(planRollout(service, "detect:8", settingsOf())).toEqual({
    cluster: "vision",
    service: "detect",
    taskDefinition: "detect:8",
    deploymentConfiguration: {
      maximumPercent: 150,
      minimumHealthyPercent: 100,
      deploymentCircuitBreaker: { enable: true, rollback: true },
      strategy: "BLUE_GREEN",
      bakeTimeInMinutes: 1,
      lifecycleHooks: [
        lambda,
        {
          targetType: "PAUSE",
          lifecycleStages: ["POST_SCALE_UP"],
          timeoutConfiguration: { timeoutInMinutes: 1_440, action: "ROLLBACK" },
        },
      ],
    },
  });
});

test("with a test listener an ECS rollout waits until it leads to the candidate", () => {
  const endpoints = { url: "https://lb.example", candidateUrl: "https://lb.example:8443" };
  const { deploymentConfiguration } = planRollout(
    service,
    "detect:8",
    settingsOf({ endpoints, unsigned: true }),
  );
  expect(deploymentConfiguration?.lifecycleHooks?.at(-1)?.lifecycleStages).toEqual([
    "POST_TEST_TRAFFIC_SHIFT",
  ]);
});

test("steps of an ECS rollout are in tenths of a percent and in whole minutes", () => {
  const canary = settingsOf({ strategy: "canary", step: "12.5%", stepBake: "90s", bake: "61m" });
  expect(planRollout(service, "detect:8", canary).deploymentConfiguration).toMatchObject({
    strategy: "CANARY",
    bakeTimeInMinutes: 61,
    canaryConfiguration: { canaryPercent: 12.5, canaryBakeTimeInMinutes: 2 },
  });
  const linear = settingsOf({ strategy: "linear", step: 0.25 });
  expect(planRollout(service, "detect:8", linear).deploymentConfiguration).toMatchObject({
    strategy: "LINEAR",
    linearConfiguration: { stepPercent: 25 },
  });
});

test("the way back on ECS waits for no word and takes no time", () => {
  const canary = settingsOf({ strategy: "canary", step: "5%", bake: "1h" });
  const { deploymentConfiguration } = planReturn(service, "detect:7", canary);
  expect(deploymentConfiguration).toMatchObject({
    bakeTimeInMinutes: 0,
    canaryConfiguration: { canaryPercent: 100, canaryBakeTimeInMinutes: 0 },
    lifecycleHooks: [lambda],
  });
  const linear = planReturn(service, "detect:7", settingsOf({ strategy: "linear" }));
  expect(linear.deploymentConfiguration?.linearConfiguration).toEqual({
    stepPercent: 100,
    stepBakeTimeInMinutes: 0,
  });
});

test("a count that stands already is not asked of ECS again", () => {
  expect(planCount(service, 2, settingsOf())).toBeUndefined();
  expect(planCount(service, 3, settingsOf())).toEqual({
    cluster: "vision",
    service: "detect",
    desiredCount: 3,
  });
});

test("where ECS places tasks is said with the count, and only where it differs", () => {
  const same = settingsOf({ capacityProviders: [{ name: "gpu" }] });
  expect(planCount(service, 2, same)).toBeUndefined();
  const spot = settingsOf({
    capacityProviders: [
      { name: "gpu", base: 1 },
      { name: "spot", weight: 3 },
    ],
  });
  expect(planCount(service, 2, spot)).toMatchObject({
    desiredCount: 2,
    capacityProviderStrategy: [
      { capacityProvider: "gpu", weight: 1, base: 1 },
      { capacityProvider: "spot", weight: 3, base: 0 },
    ],
  });
});
