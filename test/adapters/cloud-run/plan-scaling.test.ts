import { expect, test } from "vitest";
import { planScaling, planWaking } from "#adapters/cloud-run/plan-scaling.ts";
import { readService } from "#adapters/cloud-run/read-service.ts";
import type { Service } from "#adapters/cloud-run/run-api.ts";

const viewOf = (scaling: Service["scaling"]) =>
  readService({ etag: '"1"', template: {}, scaling: scaling ?? null });
const view = viewOf({ minInstanceCount: 1, maxInstanceCount: 3 });

test("only the bounds that change are sent, each with its mask", () => {
  expect(planScaling(view, { least: 1, most: 5 })).toEqual({
    paths: ["scaling.max_instance_count"],
    service: { scaling: { maxInstanceCount: 5 } },
  });
  expect(planScaling(view, { least: 0 })).toEqual({
    paths: ["scaling.min_instance_count"],
    service: { scaling: { minInstanceCount: 0 } },
  });
});

test("bounds that stand already are not sent", () => {
  expect(planScaling(view, { least: 1, most: 3 })).toBeUndefined();
  expect(planScaling(view, {})).toBeUndefined();
});

test.each([
  [{ least: 4 }, "provider_refused"],
  [{ least: 2, most: 1 }, "provider_refused"],
  [{ most: 0 }, "provider_refused"],
  [{ count: 2 }, "provider_unsupported"],
] as const)("%o is refused before it is sent", (wanted, code) => {
  expect(() => planScaling(view, wanted)).toThrow(expect.objectContaining({ code }));
});

test("a service that somebody scales by hand is left to them", () => {
  const theirs = viewOf({ scalingMode: "MANUAL", manualInstanceCount: 4 });
  expect(() => planScaling(theirs, { least: 1 })).toThrow(/scaled by hand/);
});

test("waking stops at the most that the service may have, and never makes less of what stands", () => {
  expect(planWaking(view, 9)?.service.scaling).toEqual({ minInstanceCount: 3 });
  expect(planWaking(view, 1)).toBeUndefined();
  expect(planWaking(viewOf(undefined), 2)?.service.scaling).toEqual({ minInstanceCount: 2 });
});
