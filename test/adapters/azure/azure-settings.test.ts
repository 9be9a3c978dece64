import { expect, test } from "vitest";
import { settings as appService } from "#adapters/app-service/settings.ts";
import { settings as containerApps } from "#adapters/container-apps/settings.ts";

const place = {
  subscription: "00000000-0000-4000-8000-000000000001",
  resourceGroup: "vision",
  region: "westeurope",
  app: "detector",
};
const web = { kind: "app-service", ...place, plan: "vision-plan" };
const gpu = { kind: "container-apps", ...place, usdPerHour: 1 };

const problemsOf = (given: object): readonly string[] => {
  const schema = "plan" in given ? appService : containerApps;
  const { error } = schema.safeParse(given);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);
};

test("an app of App Service needs no more than where it is and which plan it is on", () => {
  expect(appService.parse(web)).toEqual({
    ...web,
    slot: "candidate",
    auth: "none",
    pollEvery: 5_000,
    revision: "stable",
  });
});

test("a container app has no GPU unless it is said", () => {
  expect(containerApps.parse(gpu)).toMatchObject({ gpu: "none", auth: "none", pollEvery: 5_000 });
  expect(containerApps.parse({ ...gpu, gpu: "t4" }).gpu).toBe("t4");
});

test.each([
  ["a subscription that is no id", { ...web, subscription: "mine" }, "subscription"],
  ["a resource group with a slash", { ...web, resourceGroup: "a/b" }, "resourceGroup"],
  ["a resource group that ends with a dot", { ...web, resourceGroup: "a." }, "resourceGroup"],
  ["a region as a person would write it", { ...web, region: "West Europe" }, "region"],
  ["an app that leads somewhere else", { ...web, app: "../other" }, "app"],
  ["a slot with a space", { ...web, slot: "my slot" }, "slot"],
  ["a port that is none", { ...web, port: 70_000 }, "port"],
  ["an identity that is no id", { ...web, pullAs: "me" }, "pullAs"],
  ["an API without encryption", { ...web, api: "http://127.0.0.1:1" }, "api"],
  ["Entra without an audience", { ...web, auth: "entra" }, "auth"],
  ["an audience for nobody", { ...web, audience: "api://a" }, "audience"],
  [
    "a signature beside Entra's token",
    { ...web, auth: "entra", audience: "api://a", sign: { secret: { env: "A" } } },
    "sign",
  ],
  ["a container app with capitals", { ...gpu, app: "Detector" }, "app"],
  ["a container app with a name of 33 letters", { ...gpu, app: "a".repeat(33) }, "app"],
  ["a container app with two dashes", { ...gpu, app: "my--app" }, "app"],
  ["a GPU that Container Apps does not have", { ...gpu, gpu: "h100" }, "gpu"],
])("refuses %s in Azure's settings", (_what, given, key) => {
  expect(problemsOf(given)).toEqual([expect.stringMatching(new RegExp(`^${key}: `))]);
});
