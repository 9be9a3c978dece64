import { expect, test } from "vitest";
import { readRequestModels } from "#test/support/clouds/azure/request-models.ts";

const web = readRequestModels("@azure/arm-appservice");
const apps = readRequestModels("@azure/arm-appcontainers");

test("the fake of App Service takes what the SDK's own models have", () => {
  const body = {
    location: "westeurope",
    tags: { a: "b" },
    identity: { type: "UserAssigned", userAssignedIdentities: { "/x": {} } },
    properties: {
      httpsOnly: true,
      siteConfig: {
        linuxFxVersion: "DOCKER|a",
        appSettings: [{ name: "a", value: "b" }],
        experiments: { rampUpRules: [{ name: "a", actionHostName: "b", reroutePercentage: 2.5 }] },
      },
    },
  };
  expect(web("siteSerializer", body)).toEqual([]);
});

test.each([
  ["a key of nobody", { propertiez: {} }, "siteSerializer.propertiez: unknown"],
  ["a key at the wrong place", { siteConfig: {} }, "siteSerializer.siteConfig: unknown"],
  [
    "a key of nobody deep within a list",
    { properties: { siteConfig: { experiments: { rampUpRules: [{ percentage: 1 }] } } } },
    "percentage: unknown",
  ],
  [
    "a word for a number",
    { properties: { siteConfig: { numberOfWorkers: "2" } } },
    "numberOfWorkers: not number",
  ],
  ["a number for a word", { location: 3 }, "location: not string"],
  ["a word for a truth", { properties: { siteConfig: { alwaysOn: "yes" } } }, "alwaysOn: not boolean"],
  ["a list for an object", { properties: [] }, "properties: no object"],
  ["a word for a list", { properties: { siteConfig: { appSettings: "a" } } }, "appSettings: no list"],
])("the fake of App Service finds %s", (_what, body, problem) => {
  expect(web("siteSerializer", body)).toEqual([expect.stringContaining(problem)]);
});

test("the fake of Container Apps knows the SDK's models as well", () => {
  const template = { containers: [{ image: "a", name: "b", env: [{ name: "c", secretRef: "d" }] }] };
  const traffic = [{ revisionName: "a", weight: 100, label: "b" }];
  const body = { location: "a", properties: { template, configuration: { ingress: { traffic } } } };
  expect(apps("containerAppSerializer", body)).toEqual([]);
  const wrong = { location: "a", properties: { template: { scale: { minReplica: 1, maxReplicas: "2" } } } };
  expect(apps("containerAppSerializer", wrong)).toEqual([
    expect.stringContaining("minReplica: unknown"),
    expect.stringContaining("maxReplicas: not number"),
  ]);
});
