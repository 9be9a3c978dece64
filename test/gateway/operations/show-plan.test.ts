import { expect, test } from "vitest";
import type { FleetPlan } from "#gateway/operations/plan-now.ts";
import type { PlacePlan, ScalePlace } from "#gateway/operations/scale/plan-scale.ts";
import { showPlan, signOfPlan, writePlan } from "#gateway/operations/show-plan.ts";

const place = (name: string, desired: number, more: Partial<ScalePlace> = {}): ScalePlace => ({
  ...{ name, domain: "d", scale: "count", capacity: undefined, limits: undefined, changedAt: undefined },
  terms: { billing: "provisioned", usdPerSecond: 0, usdPerRequest: 0, coldMs: 0, idleMs: 0 },
  standing: { desired, running: desired, pending: 0 },
  refusals: [],
  ...more,
});

function planOf(places: readonly PlacePlan[], more: Partial<FleetPlan> = {}, high = 20): FleetPlan {
  const bounds = { least: 1, most: 5 };
  const standing = { desired: 1, running: 1, pending: 0, bounds };
  return {
    groups: [
      {
        group: { models: ["a", "b", "c", "d"], providers: ["near", "far"], sloMs: 1_000, usdPerMiss: 0.01 },
        places: [place("near", 2), place("far", 1, { scale: "bounds", standing })],
        plan: {
          places,
          usdPerHour: { standing: 3.2, variable: 0.1 },
          covers: {
            meanRps: 12.345,
            highRps: high,
            inTime: 0.9987,
            worstLoss: { what: "aws/x", inTime: 0.99 },
          },
          warnings: ["it may cost $4 an hour"],
        },
      },
    ],
    notes: [],
    ...more,
  };
}

const wanted: readonly PlacePlan[] = [
  { name: "near", count: 3, changes: true, why: "it pays" },
  { name: "far", least: 0, most: 5, changes: true, why: "it sleeps" },
];

test("a plan reads as what is expected, what it costs and what changes where", () => {
  expect(showPlan(planOf(wanted, { notes: ["near is frozen by ann: x\u001b[2J"] }))).toBe(
    [
      "a, b, c and more: 12.3 requests a second expected, 20 at most",
      "  99.87 % in time, 99.00 % after the loss of aws/x; $3.2 an hour and $0.1 by use",
      "  near  2 -> 3: it pays",
      "  far   least 1 -> 0, most 5: it sleeps",
      "  warning: it may cost $4 an hour",
      "near is frozen by ann: x [2J",
    ].join("\n"),
  );
  expect(showPlan(planOf([{ name: "near", changes: false, why: "nobody may" }]))).toMatch(
    /near {2}left as it is: nobody may/,
  );
});

test("figures that move a little make no other plan, and another count, note or warning does", () => {
  const sign = signOfPlan(planOf(wanted));
  expect(signOfPlan(planOf(wanted, {}, 21))).toBe(sign);
  const [near, far] = wanted;
  const other = [{ ...near, name: "near", count: 4 } as PlacePlan, far as PlacePlan];
  expect(signOfPlan(planOf(other))).not.toBe(sign);
  expect(signOfPlan(planOf(wanted, { notes: ["far cannot be read"] }))).not.toBe(sign);
});

test("as data it has what stands and what is wanted", () => {
  expect(writePlan(planOf(wanted))).toMatchObject({
    groups: [
      {
        expected_rps: 12.345,
        places: [
          { provider: "near", count: 3, now: { desired: 2 }, changes: true },
          { provider: "far", least: 0, most: 5, now: { bounds: { least: 1, most: 5 } } },
        ],
      },
    ],
  });
});
