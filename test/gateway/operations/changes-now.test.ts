import { expect, test } from "vitest";
import { changesNow } from "#gateway/operations/changes-now.ts";
import type { GroupPlan } from "#gateway/operations/plan-now.ts";
import type { PlacePlan, ScalePlace } from "#gateway/operations/scale/plan-scale.ts";

type Standing = Partial<ScalePlace["standing"]> & Pick<ScalePlace, "name">;

function group(
  standing: readonly Standing[],
  wanted: readonly Partial<PlacePlan>[],
): Pick<GroupPlan, "plan" | "places"> {
  const places = standing.map(({ name, bounds, ...of }): ScalePlace => {
    const usual = { domain: "d", capacity: undefined, limits: undefined, changedAt: undefined, refusals: [] };
    return {
      ...{ ...usual, name, scale: bounds ? "bounds" : "count" },
      terms: { billing: "provisioned", usdPerSecond: 0, usdPerRequest: 0, coldMs: 0, idleMs: 0 },
      standing: { desired: 3, running: of.desired ?? 3, pending: 0, ...of, ...(bounds && { bounds }) },
    };
  });
  const plan = {
    places: wanted.map((one) => ({ name: "", changes: true, why: "", ...one })),
    usdPerHour: { standing: 0, variable: 0 },
    covers: { meanRps: 0, highRps: 0, inTime: 1, worstLoss: undefined },
    warnings: [],
  };
  return { places, plan };
}

const near = { name: "near" };
const far = { name: "far" };
const told = (...given: Parameters<typeof group>) =>
  changesNow(group(...given)).map(({ provider, wanted }) => `${provider} ${JSON.stringify(wanted)}`);

test("what moves from one place to another is added first and taken away later", () => {
  const move = [
    { ...near, count: 1 },
    { ...far, count: 5 },
  ];
  expect(told([near, far], move)).toEqual(['far {"count":5}']);
  const [less] = move;
  expect(told([near, { ...far, desired: 5, running: 3 }], [less ?? {}])).toEqual([]);
  expect(told([near, { ...far, desired: 5 }], [less ?? {}])).toEqual(['near {"count":1}']);
});

test("a place that does not get what it was promised may be given up itself", () => {
  const lacking = { ...far, desired: 9, running: 4 };
  expect(told([near, lacking], [{ ...far, count: 4 }])).toEqual(['far {"count":4}']);
});

test("bounds are more or less by their least, and another most alone waits for nobody", () => {
  const bounds = { least: 2, most: 5 };
  const pending = { ...far, desired: 4, running: 1 };
  expect(told([{ ...near, bounds }, pending], [{ ...near, least: 1, most: 5 }])).toEqual([]);
  expect(told([{ ...near, bounds }, pending], [{ ...near, least: 2, most: 4 }])).toEqual([
    'near {"least":2,"most":4}',
  ]);
});

test("what does not change is not asked for", () => {
  expect(told([near], [{ ...near, count: 3, changes: false }])).toEqual([]);
});
