import { expect, test } from "vitest";
import { createKnownBackends } from "#gateway/dispatch/known-backends.ts";
import { chanceOf, dawn } from "#test/support/lanes.ts";
import { termsWith } from "#test/support/routes.ts";

const eject = { after: 3, baseMs: 2_000, mostMs: 64_000 };
const open = () => createKnownBackends({ chance: chanceOf(1) });
const prior = { baseMs: 20, perInFlightMs: 1 };

test("a backend whose terms stay is the same after a change of configuration", () => {
  const known = open();
  const standing = known.standing("a", termsWith({ prior }), eject);
  standing.inFlight = 3;
  expect(known.standing("a", termsWith({ prior: { ...prior } }), { ...eject })).toBe(standing);
  expect(known.latency("a", "m")).toBe(known.latency("a", "m"));
});

test("two backends, and two models at one, are learned apart", () => {
  const known = open();
  for (const name of ["a", "b"]) known.standing(name, termsWith({ prior }), eject);
  const all = [known.latency("a", "m"), known.latency("a", "n"), known.latency("b", "m")];
  expect(new Set(all).size).toBe(3);
  expect(known.latencies().map(({ backend, model }) => `${backend} ${model}`)).toEqual(["a m", "a n", "b m"]);
});

/** A provider's first backend, of which enough was measured. */
function openMeasured() {
  const known = open();
  known.standing("cloud/a", termsWith({ prior }), eject);
  const measured = known.latency("cloud/a", "m");
  for (let n = 0; n < 200; n += 1) {
    const load = 1 + (n % 8);
    const at = dawn + n * 100;
    measured.learn({ at, ms: 50 + 5 * (load - 1), load, predictedMs: measured.predict(load, at) });
  }
  return { known, measured };
}

test("a new backend of a provider is believed to be as fast as the others are, and has yet to show it", () => {
  const { known, measured } = openMeasured();
  known.standing("cloud/b", termsWith({ prior }), eject);
  const fresh = known.latency("cloud/b", "m");
  for (const load of [1, 4, 8])
    expect(Math.abs(fresh.predict(load, dawn) / measured.predict(load, measured.lastAt) - 1)).toBeLessThan(
      0.1,
    );
  expect([fresh.isMeasured, fresh.samples]).toEqual([false, 0]);
});

test.each([
  ["of another provider", "clouds/b", "m"],
  ["for another model", "cloud/b", "n"],
])("a new backend %s is believed as its owner declared it", (_, name, model) => {
  const { known } = openMeasured();
  known.standing(name, termsWith({ prior }), eject);
  expect(known.latency(name, model).predict(1, dawn)).toBe(prior.baseMs);
});

test("of a sibling that was seen a few times only nothing is believed", () => {
  const known = open();
  for (const name of ["cloud/a", "cloud/b"]) known.standing(name, termsWith({ prior }), eject);
  for (let n = 0; n < 5; n += 1)
    known.latency("cloud/a", "m").learn({ at: dawn, ms: 900, load: 1, predictedMs: 20 });
  expect(known.latency("cloud/b", "m").predict(1, dawn)).toBe(prior.baseMs);
});

test("new terms are believed at once, and what was learned and spent under the old ones stays", () => {
  const known = open();
  const before = known.standing("a", termsWith({ prior }), eject);
  const latency = known.latency("a", "m");
  before.spending.settle(0, 2, dawn);
  const after = known.standing("a", termsWith({ prior, usdPerRequest: 0.5 }), eject);
  expect(after).not.toBe(before);
  expect(after.terms.usdPerRequest).toBe(0.5);
  expect(after.spending.spentThisHour(dawn)).toBe(2);
  expect(known.latency("a", "m")).toBe(latency);
});

test("other terms of ejection are new terms too", () => {
  const known = open();
  const before = known.standing("a", termsWith(), eject);
  const after = known.standing("a", termsWith(), { ...eject, after: 1 });
  expect(after).not.toBe(before);
  expect(after.breaker.failed(dawn)).toBe(true);
});

test("routes that eject otherwise share all else of a backend, after a change too", () => {
  const known = open();
  const terms = termsWith({ mostInFlight: 8 });
  const [one, other] = [
    known.standing("a", terms, eject),
    known.standing("a", terms, { ...eject, after: 1 }),
  ];
  one.inFlight = 3;
  one.spending.hold(1);
  expect(other.load(dawn)).toBe(4);
  other.breaker.failed(dawn);
  expect([one, other].map(({ breaker }) => breaker.isResting(dawn))).toEqual([false, true]);
  expect(known.standing("a", terms, eject)).toBe(one);
  expect(known.standing("a", terms, { ...eject, after: 1 })).toBe(other);
  expect(known.all()).toEqual([other]);
});

test("what is under way under the old terms counts under the new ones, until it ends", () => {
  const known = open();
  const before = known.standing("a", termsWith({ usdPerRequest: 1 }), eject);
  before.inFlight += 5;
  const after = known.standing("a", termsWith({ usdPerRequest: 2 }), eject);
  expect(after.load(dawn)).toBe(6);
  before.inFlight -= 5;
  expect(after.load(dawn)).toBe(1);
});

test("another price wakes nobody and forgives nobody: who was awake or rested still is", () => {
  const known = open();
  const sleeper = { billing: "instance", coldMs: 20_000, idleMs: 60_000, usdPerSecond: 0.001 } as const;
  const before = known.standing("a", termsWith(sleeper), eject);
  before.warmth.answered(dawn, 1, undefined);
  for (let count = 0; count < eject.after; count += 1) before.breaker.failed(dawn);
  const after = known.standing("a", termsWith({ ...sleeper, usdPerSecond: 0.002 }), eject);
  expect([after.warmth.isAwake(dawn), after.breaker.isResting(dawn)]).toEqual([true, true]);
  const other = known.standing("a", termsWith({ ...sleeper, idleMs: 30_000 }), eject);
  expect(other.warmth.isAwake(dawn)).toBe(false);
});

test("another declared speed makes what was learned start anew, since the machine may be another", () => {
  const known = open();
  known.standing("a", termsWith({ prior }), eject);
  known.latency("a", "m").learn({ at: dawn, ms: 500, load: 1, predictedMs: 20 });
  known.standing("a", termsWith({ prior: { baseMs: 70, perInFlightMs: 2 } }), eject);
  const latency = known.latency("a", "m");
  expect({ measured: latency.isMeasured, ms: latency.predict(1, dawn) }).toEqual({ measured: false, ms: 70 });
});

test("what no configuration names any more is forgotten, and a namesake later begins anew", () => {
  const known = open();
  const old = known.standing("a", termsWith(), eject);
  known.standing("b", termsWith(), eject);
  known.keepOnly(new Set(["b"]));
  expect(known.all().map(({ name }) => name)).toEqual(["b"]);
  expect(known.standing("a", termsWith(), eject)).not.toBe(old);
});

/** Of two dollars an hour, what a backend of this name may still cost. */
const leftAt = (known: ReturnType<typeof open>, name: string): boolean[] => {
  const budget = { usdPerHour: 2, usdPerDay: 20 };
  const { spending } = known.standing(name, termsWith({ budget }), eject);
  return [0.5, 1].map((usd) => spending.has(usd, dawn));
};

test("a budget is the provider's: what each of its backends has cost and holds counts for the others and for later ones", () => {
  const known = open();
  for (const name of ["cloud/a", "cloud/b", "clouds/a"]) leftAt(known, name);
  known
    .standing("cloud/a", termsWith({ budget: { usdPerHour: 2, usdPerDay: 20 } }), eject)
    .spending.settle(0, 0.75, dawn);
  known
    .standing("cloud/b", termsWith({ budget: { usdPerHour: 2, usdPerDay: 20 } }), eject)
    .spending.hold(0.75);
  for (const name of ["cloud/a", "cloud/b", "cloud/c"]) expect(leftAt(known, name)).toEqual([true, false]);
  expect(leftAt(known, "clouds/a")).toEqual([true, true]);
});

test("what a provider has cost is known for as long as a configuration names it, whatever became of its backends", () => {
  const known = open();
  leftAt(known, "cloud/a");
  known.all()[0]?.spending.settle(0, 1.25, dawn);
  known.keepOnly(new Set(), new Set(["cloud"]));
  expect(known.all()).toEqual([]);
  expect(leftAt(known, "cloud/b")).toEqual([true, false]);
  known.keepOnly(new Set(), new Set(["other"]));
  expect(leftAt(known, "cloud/b")).toEqual([true, true]);
});

test("only a backend that may sleep and was not asked lately is asleep", () => {
  const known = open();
  known.standing("a", termsWith({ billing: "provisioned" }), eject);
  const sleeper = termsWith({ billing: "instance", coldMs: 20_000, idleMs: 60_000 });
  const { warmth } = known.standing("b", sleeper, eject);
  const asleep = () => ["a", "b", "nobody"].map((name) => known.isAsleep(name, dawn));
  expect(asleep()).toEqual([false, true, false]);
  warmth.started(dawn);
  warmth.answered(dawn, 1, undefined);
  expect(asleep()).toEqual([false, false, false]);
});

test("one that is awake and that nobody asks is left alone, so that questions do not keep it awake", () => {
  const known = open();
  const sleeper = termsWith({ billing: "instance", coldMs: 20_000, idleMs: 900_000 });
  const { warmth } = known.standing("a", sleeper, eject);
  warmth.started(dawn);
  warmth.answered(dawn, 1, undefined);
  expect(known.isAsleep("a", dawn + 4_000)).toBe(false);
  expect(known.isAsleep("a", dawn + 6_000)).toBe(true);
  warmth.started(dawn + 60_000);
  expect(known.isAsleep("a", dawn + 60_000)).toBe(false);
});

test("one that rests after failures may be asked whether it is back while it is awake, and is not woken for it", () => {
  const known = open();
  const sleeper = termsWith({ billing: "instance", coldMs: 20_000, idleMs: 900_000 });
  const { breaker, warmth } = known.standing("a", sleeper, { ...eject, after: 1 });
  breaker.failed(dawn);
  expect(known.isAsleep("a", dawn + 1_000)).toBe(true);
  warmth.started(dawn - 60_000);
  warmth.answered(dawn - 60_000, 1, undefined);
  expect(known.isAsleep("a", dawn + 1_000)).toBe(false);
  expect(known.isAsleep("a", dawn + 60_000)).toBe(true);
});
