import { expect, test } from "vitest";
import type { Forecast } from "#gateway/operations/scale/forecast.ts";
import { planScale } from "#gateway/operations/scale/plan-scale.ts";
import type { ScaleFacts, ScalePlace, ScalePlan } from "#gateway/operations/scale/scale-facts.ts";

const minute = 60_000;

test("what comes evenly stands on the cheapest place that is paid anyway", () => {
  const plan = planScale(
    facts({ places: [pods({ name: "dear", usdPerHour: 0.3 }), pods({ name: "cheap" })] }),
  );
  expect(count(plan, "dear")).toBe(0);
  expect(count(plan, "cheap")).toBeGreaterThanOrEqual(4);
  expect(count(plan, "cheap")).toBeLessThanOrEqual(5);
  expect(plan.usdPerHour.standing).toBeCloseTo(0.2 * count(plan, "cheap"), 6);
  const settled = planScale(facts({ places: [pods({ desired: count(plan, "cheap") })] }));
  expect(settled.covers.inTime).toBeGreaterThan(0.995);
  expect(settled.warnings).toEqual([]);
});

test("rare peaks go where it scales to zero, and the base where it stands", () => {
  const rates = Array.from({ length: 60 }, (_, step) => (step % 15 === 0 ? 150 : 30));
  const plan = planScale(facts({ forecast: course(rates), places: [pods({ desired: 2 }), springs()] }));
  expect(count(plan, "pods")).toBeGreaterThanOrEqual(2);
  expect(count(plan, "pods")).toBeLessThanOrEqual(4);
  expect(place(plan, "springs")).toMatchObject({ least: 0, most: 100 });
  expect(plan.usdPerHour.variable).toBeGreaterThan(0);
});

test("where little comes nothing stands, if what scales to zero costs less", () => {
  const plan = planScale(facts({ forecast: even(1), places: [pods(), springs()] }));
  expect(count(plan, "pods")).toBe(0);
  expect(plan.usdPerHour.variable).toBeLessThan(0.2);
});

test("nothing comes and nothing stands but the least", () => {
  const plan = planScale(facts({ forecast: even(0), places: [pods({ limits: { least: 2 } }), springs()] }));
  expect(count(plan, "pods")).toBe(2);
  expect(plan.covers).toMatchObject({ meanRps: 0, inTime: 1 });
});

test("after the loss of the largest domain what is left still carries the forecast", () => {
  const places = [
    pods({ name: "east", domain: "east" }),
    pods({ name: "west", domain: "west", usdPerHour: 0.22 }),
  ];
  const alone = planScale(facts({ places }));
  expect(count(alone, "west")).toBe(0);
  const survives = planScale(facts({ places, survive: "domain" }));
  for (const name of ["east", "west"]) expect(count(survives, name)).toBeGreaterThanOrEqual(4);
  expect(survives.covers.worstLoss?.inTime ?? 0).toBeGreaterThanOrEqual(0.995);
});

test("two providers in one domain are lost together, unless only a provider is to be survived", () => {
  const places = [
    pods({ name: "one", domain: "east" }),
    pods({ name: "two", domain: "east", usdPerHour: 0.22 }),
    pods({ name: "far", domain: "west", usdPerHour: 0.5 }),
  ];
  expect(count(planScale(facts({ places, survive: "domain" })), "far")).toBeGreaterThanOrEqual(4);
  expect(count(planScale(facts({ places, survive: "provider" })), "far")).toBe(0);
});

test("a fast start is enough against a loss, and a slow one needs some that are warm", () => {
  const planned = (coldMs: number) =>
    planScale(facts({ places: [pods(), springs({ coldMs, domain: "far" })], survive: "domain" }));
  expect(place(planned(2_500), "springs").least).toBe(0);
  const slow = planned(120_000);
  expect(place(slow, "springs").least ?? 0).toBeGreaterThan(0);
  expect(place(slow, "springs").why).toContain("kept warm, since it starts in 120 s");
});

test("a place that scales itself is given a least and a most and never a count, and one of somebody else nothing", () => {
  const plan = planScale(facts({ places: [pods({ scale: "none" }), springs()] }));
  expect(place(plan, "springs")).not.toHaveProperty("count");
  expect(place(plan, "pods")).toEqual({
    ...{ name: "pods", changes: false },
    why: "somebody else scales it; 0 counted on",
  });
});

test("a place without a scale is left as it is and counted on", () => {
  const fixed = { ...pods({ name: "fixed", desired: 4 }), limits: undefined };
  const plan = planScale(facts({ places: [fixed, pods({ name: "ours" })] }));
  expect(place(plan, "fixed")).toMatchObject({ changes: false });
  expect(place(plan, "fixed")).not.toHaveProperty("count");
  expect(count(plan, "ours")).toBeLessThanOrEqual(1);
});

test("more stand at once, and fewer only when the place has cooled down", () => {
  const hot = (desired: number, rps: number) =>
    planScale(
      facts({ forecast: even(rps), places: [pods({ desired, changedAt: start - minute }), springs()] }),
    );
  expect(count(hot(2, 57), "pods")).toBeGreaterThan(2);
  expect(count(hot(9, 57), "pods")).toBe(9);
  const cool = planScale(
    facts({ places: [pods({ desired: 9, changedAt: start - 10 * minute }), springs()] }),
  );
  expect(count(cool, "pods")).toBeLessThan(6);
});

test("a history that is too short takes nothing away and says so, and still lets more be ordered", () => {
  const learned = (seconds: number, rps: number): Forecast => {
    return { ...even(rps), learned: { seconds, byTimeOfDay: false } };
  };
  const planned = (seconds: number, rps: number) =>
    planScale(facts({ forecast: learned(seconds, rps), places: [pods({ desired: 8 }), springs()] }));
  const empty = planned(0, 0);
  expect(place(empty, "pods")).toMatchObject({ count: 8, changes: false });
  expect(empty.warnings).toEqual([
    "nothing is taken away for 10 min: what came was counted for 0 min, too few to tell",
  ]);
  expect(count(planned(540, 1), "pods")).toBe(8);
  expect(count(planned(540, 300), "pods")).toBeGreaterThan(8);
  expect(count(planned(600, 0), "pods")).toBe(0);
  expect(planned(600, 0).warnings).toEqual([]);
});

test("a history has to be as long as the longest time to cool down, and what nobody may change needs none", () => {
  const forecast = { ...even(0), learned: { seconds: 1_200, byTimeOfDay: false } };
  const places = [pods({ desired: 3, limits: { coolDownMs: 30 * minute } })];
  const plan = planScale(facts({ forecast, places }));
  expect([count(plan, "pods"), plan.warnings.length]).toEqual([3, 1]);
  expect(plan.warnings.join()).toContain("for 10 min: what came was counted for 20 min");
  const left = [{ ...pods({ desired: 3 }), limits: undefined }];
  expect(
    planScale(facts({ forecast: { ...forecast, learned: even(0).learned }, places: left })).warnings,
  ).toEqual([]);
});

test("what a platform keeps warm by itself stays too where demand is not known yet", () => {
  const forecast = { ...even(0), learned: { seconds: 0, byTimeOfDay: false } };
  const warm = springs();
  const standing = { ...warm.standing, bounds: { least: 3, most: 100 } };
  const plan = planScale(facts({ forecast, places: [{ ...warm, standing }] }));
  expect(place(plan, "springs")).toMatchObject({ least: 3, most: 100, changes: false });
});

test("nothing is taken away for next to nothing", () => {
  const base = { ...pods({ name: "base", desired: 1, usdPerHour: 9 }), limits: undefined };
  const desired = (usdPerHour: number) =>
    count(planScale(facts({ places: [base, pods({ desired: 6, usdPerHour })] })), "pods");
  expect(desired(0.01)).toBe(6);
  expect(desired(0.5)).toBeLessThan(6);
});

test("a quota that was refused is routed around, and tried again when that is long ago", () => {
  const refusals = [{ atCount: 3, until: start + 5 * minute, why: "vCPU quota" }];
  const places = [pods({ name: "east", refusals }), pods({ name: "west", usdPerHour: 0.22 })];
  const plan = planScale(facts({ places }));
  expect(count(plan, "east")).toBe(2);
  expect(count(plan, "west")).toBeGreaterThanOrEqual(2);
  expect(place(plan, "east").why).toContain("3 were refused (vCPU quota), which is tried again in 5 min");
  const later = planScale({ ...facts({ places }), now: start + 6 * minute });
  expect(count(later, "west")).toBe(0);
});

test("where no more can be had, the plan says what is missed", () => {
  const plan = planScale(facts({ places: [pods({ desired: 2, limits: { most: 2 } })] }));
  expect(count(plan, "pods")).toBe(2);
  expect(plan.warnings.join()).toMatch(/about 4\d(\.\d)? % will be late: no more can be had of pods/);
});

test("a budget is kept before the promise, and what it leaves out is said", () => {
  const places = [pods({ desired: 4 }), springs()];
  const free = planScale(facts({ places }));
  const poor = planScale(facts({ places, budgetUsdPerHour: 0.5 }));
  expect(free.usdPerHour.standing).toBeGreaterThan(0.5);
  expect(poor.usdPerHour.standing).toBeLessThanOrEqual(0.5);
  expect(place(poor, "springs").most ?? 100).toBeLessThan(3);
  expect(poor.warnings.join()).toContain(
    "springs is held below its most of 100 by the budget of $0.5 an hour",
  );
});

test("what was missed lately makes the plan stricter", () => {
  const rates = Array.from({ length: 60 }, (_, step) => (step % 10 === 0 ? 100 : 40));
  const planned = (missed: number) =>
    planScale({
      ...facts({ forecast: course(rates), places: [pods({ desired: 3 })] }),
      ...{ usdPerMiss: 1e-4, lately: { requests: 200_000, missed } },
    });
  expect(count(planned(5_000), "pods")).toBeGreaterThan(count(planned(0), "pods"));
});

test("who starts slowly is ordered before the ramp, and not only when it is there", () => {
  const rates = Array.from({ length: 60 }, (_, step) => 20 + step);
  const plan = planScale(
    facts({ forecast: course(rates), places: [pods({ desired: 2, running: 2, coldMs: 5 * minute })] }),
  );
  expect(count(plan, "pods")).toBeGreaterThan(3);
});

test("a place of which nobody knows how fast it is stays as it is, and the plan says so", () => {
  const unknown = { ...pods({ name: "new", desired: 3 }), capacity: undefined };
  const plan = planScale(facts({ places: [unknown, pods({ desired: 4 })] }));
  expect(place(plan, "new")).toMatchObject({ changes: false });
  expect(place(plan, "new").why).toContain("declare a prior");
  expect(plan.warnings).toEqual(["left as they are, since nobody knows how fast they are: new"]);
  const slow = {
    ...pods({ name: "slow" }),
    capacity: { slots: 1, serviceMs: 900, from: "declared" } as const,
  };
  expect(place(planScale(facts({ places: [slow, pods()] })), "slow").why).toContain("too long for 1000 ms");
});

test("every choice says what one less and one more would change", () => {
  const { why } = place(planScale(facts({ places: [pods({ desired: 4 }), springs()] })), "pods");
  expect(why).toMatch(/^4 paid for anyway, up to 16\.1 requests a second each; one less /);
  expect(why).toMatch(/one less costs \$[\d.]+ an hour, one more costs \$[\d.]+ an hour$/);
});

test("a plan without places is a plan", () => {
  expect(planScale(facts({ places: [] }))).toMatchObject({
    places: [],
    usdPerHour: { standing: 0, variable: 0 },
  });
});

const start = 1_000 * minute;

function facts(changes: Partial<ScaleFacts> & Pick<ScaleFacts, "places">): ScaleFacts {
  return {
    ...{ now: start, forecast: even(57), sloMs: 1_000, attain: 0.995, usdPerMiss: 0.002 },
    ...{ survive: "nothing", ...changes },
  };
}

function even(rps: number): Forecast {
  return course(Array.from({ length: 60 }, () => rps));
}

function course(rates: readonly number[]): Forecast {
  return {
    ...{ stepSeconds: 15, roughness: 0, paths: [rates], learned: { seconds: 3_600, byTimeOfDay: false } },
    steps: rates.map((mean) => ({ mean, high: mean })),
  };
}

type Changes = {
  readonly name?: string;
  readonly domain?: string;
  readonly scale?: ScalePlace["scale"];
  readonly usdPerHour?: number;
  readonly coldMs?: number;
  readonly desired?: number;
  readonly running?: number;
  readonly changedAt?: number;
  readonly limits?: Partial<NonNullable<ScalePlace["limits"]>>;
  readonly refusals?: ScalePlace["refusals"];
};

function pods({ name = "pods", domain = name, scale = "count", ...more }: Changes = {}): ScalePlace {
  const { usdPerHour = 0.2, coldMs = 60_000, desired = 0, running = desired, limits, refusals = [] } = more;
  return {
    ...{ name, domain, scale, refusals, changedAt: more.changedAt },
    terms: { billing: "provisioned", usdPerSecond: usdPerHour / 3_600, usdPerRequest: 0, coldMs, idleMs: 0 },
    capacity: { slots: 1, serviceMs: 62, from: "declared" },
    limits: { least: 0, most: 40, coolDownMs: 3 * minute, ...limits },
    standing: { desired, running, pending: desired - running },
  };
}

function springs({ name = "springs", domain = name, coldMs = 2_500 }: Changes = {}): ScalePlace {
  return {
    ...{ name, domain, scale: "bounds", refusals: [], changedAt: undefined },
    terms: { billing: "request", usdPerSecond: 0.000_116, usdPerRequest: 6e-6, coldMs, idleMs: 15 * minute },
    capacity: { slots: 1, serviceMs: 62, from: "declared" },
    limits: { least: 0, most: 100, coolDownMs: 3 * minute },
    standing: { desired: 0, running: 0, pending: 0, bounds: { least: 0, most: 100 } },
  };
}

function place(plan: ScalePlan, name: string): ScalePlan["places"][number] {
  const found = plan.places.find((one) => one.name === name);
  if (!found) throw new Error(`no place ${name}`);
  return found;
}

function count(plan: ScalePlan, name: string): number {
  return place(plan, name).count ?? Number.NaN;
}
