import type { RegisterTaskDefinitionRequest } from "@aws-sdk/client-ecs";
import { expect, test } from "vitest";
import { withoutValues } from "#adapters/ecs/without-values.ts";

const logs = {
  logDriver: "splunk",
  options: { "splunk-token": "t-1", "splunk-url": "https://logs.example" },
} as const;

test("a task definition is told without the values that somebody else gave its containers", () => {
  const request: RegisterTaskDefinitionRequest = {
    family: "detect",
    containerDefinitions: [
      {
        name: "backend",
        image: "registry.example/detect@sha256:1",
        environment: [
          { name: "DB_PASSWORD", value: "hush" },
          { name: "TRADEWIND_MODELS", value: "/models/two" },
          { name: "TRADEWIND_DEPLOYMENT", value: "r1" },
        ],
        logConfiguration: logs,
      },
      { name: "sidecar", environment: [{ name: "API_KEY", value: "hush" }] },
    ],
  };
  const told = withoutValues(request);
  expect(JSON.stringify(told)).not.toMatch(/hush|t-1/);
  expect(told).toMatchObject({
    family: "detect",
    containerDefinitions: [
      {
        name: "backend",
        image: "registry.example/detect@sha256:1",
        environment: [
          { name: "DB_PASSWORD", value: "(as it is there)" },
          { name: "TRADEWIND_MODELS", value: "/models/two" },
          { name: "TRADEWIND_DEPLOYMENT", value: "r1" },
        ],
        logConfiguration: { logDriver: "splunk", options: { "splunk-token": "(as it is there)" } },
      },
      { name: "sidecar", environment: [{ name: "API_KEY" }] },
    ],
  });
});

test("a task definition that says little is told as it is", () => {
  const request = { family: "detect", containerDefinitions: [{ name: "backend" }] };
  expect(withoutValues(request)).toEqual(request);
});
