import type { AppServicePlan } from "@azure/arm-appservice";
import { expect, test } from "vitest";
import { planWorkers } from "#adapters/app-service/plan-workers.ts";

const plan: AppServicePlan = {
  name: "vision-plan",
  location: "westeurope",
  kind: "linux",
  tags: { team: "vision" },
  reserved: true,
  zoneRedundant: true,
  perSiteScaling: false,
  maximumNumberOfWorkers: 10,
  sku: { name: "P1v3", tier: "PremiumV3", size: "P1v3", family: "Pv3", capacity: 2 },
};

test("a plan is written whole, with another number of workers", () => {
  expect(planWorkers(plan, { count: 5 })).toEqual({
    location: "westeurope",
    kind: "linux",
    tags: { team: "vision" },
    reserved: true,
    zoneRedundant: true,
    perSiteScaling: false,
    sku: { name: "P1v3", tier: "PremiumV3", size: "P1v3", family: "Pv3", capacity: 5 },
  });
});

test.each([
  [{ count: 2 }, undefined],
  [{}, undefined],
  [{ least: 1, most: 4 }, undefined],
  [{ least: 4 }, 4],
  [{ most: 1 }, 1],
  [{ count: 9, most: 3 }, 3],
  [{ count: 1, least: 3 }, 3],
])("of a plan with two workers %o makes %s", (wanted, capacity) => {
  expect(planWorkers(plan, wanted)?.sku?.capacity).toBe(capacity);
});

test.each([
  ["no worker at all", { count: 0 }, {}, "provider_unsupported"],
  ["more than its size allows", { count: 11 }, {}, "provider_quota"],
  ["any where it scales by itself", { count: 3 }, { elasticScaleEnabled: true }, "provider_unsupported"],
])("a plan is not given %s", (_what, wanted, more, code) => {
  expect(() => planWorkers({ ...plan, ...more }, wanted)).toThrow(expect.objectContaining({ code }));
});
