import { expect, test } from "vitest";
import { shapeProblems } from "#test/support/clouds/ecs/check-shape.ts";

const request = (operation: string, message: unknown) => shapeProblems(operation, "request", message);

test("the fake ECS takes what the SDK's schema takes", () => {
  expect(
    request("UpdateService", {
      service: "detect",
      desiredCount: 1,
      capacityProviderStrategy: [{ capacityProvider: "gpu", weight: 1 }],
      deploymentConfiguration: {
        strategy: "CANARY",
        deploymentCircuitBreaker: { enable: true, rollback: true },
        lifecycleHooks: [{ targetType: "PAUSE", lifecycleStages: ["POST_SCALE_UP"] }],
      },
    }),
  ).toEqual([]);
  const container = { dockerLabels: { a: "b" }, command: ["x"], environment: [{ name: "A", value: "1" }] };
  expect(request("RegisterTaskDefinition", { family: "f", containerDefinitions: [container] })).toEqual([]);
});

test.each([
  ["UpdateService", { service: "a", colour: "red" }, "UpdateServiceRequest has no member colour"],
  ["UpdateService", { desiredCount: 1 }, "lacks service"],
  ["UpdateService", { service: "a", desiredCount: "1" }, "desiredCount: expected number, got string"],
  ["UpdateService", { service: 1 }, "service: expected string, got number"],
  ["UpdateService", { service: "a", forceNewDeployment: 1 }, "expected boolean"],
  ["UpdateService", { service: "a", capacityProviderStrategy: {} }, "expected a list"],
  [
    "UpdateService",
    { service: "a", capacityProviderStrategy: [{ provider: "x" }] },
    "capacityProviderStrategy[0]: lacks capacityProvider",
  ],
  [
    "UpdateService",
    { service: "a", deploymentConfiguration: { strategy: "GREEN" } },
    "ECS has no GREEN there",
  ],
  [
    "UpdateService",
    { service: "a", deploymentConfiguration: { lifecycleHooks: [{ lifecycleStages: ["NOON"] }] } },
    "ECS has no NOON there",
  ],
  ["UpdateService", [], "expected an object"],
  [
    "RegisterTaskDefinition",
    { family: "f", containerDefinitions: [{ dockerLabels: { a: 1 } }] },
    "dockerLabels.a: expected string",
  ],
  [
    "RegisterTaskDefinition",
    { family: "f", containerDefinitions: [{ dockerLabels: [] }] },
    "dockerLabels: expected a map",
  ],
  ["BuyServers", {}, "ECS has no operation BuyServers"],
])("the fake ECS refuses %s with %j", (operation, message, said) => {
  expect(request(operation, message).join("; ")).toContain(said);
});
