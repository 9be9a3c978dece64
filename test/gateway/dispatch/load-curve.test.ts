import { expect, test } from "vitest";
import { LoadCurve } from "#gateway/dispatch/load-curve.ts";
import { seededRandom } from "#test/support/random.ts";

const prior = { baseMs: 20, perInFlightMs: 5 };

test("a curve begins as it was declared, and with nothing where nothing was", () => {
  const [declared, unknown] = [new LoadCurve(prior), new LoadCurve(undefined)];
  for (const load of [1, 2, 3, 7, 8, 100, 1_000]) {
    expect(declared.at(load)).toBeCloseTo(20 + 5 * (load - 1), 9);
    expect(unknown.at(load)).toBe(0);
  }
});

test("one answer makes a curve where there was none, about as high as it took", () => {
  for (const load of [1, 3, 16]) {
    const curve = new LoadCurve(undefined);
    curve.learn(80, load);
    expect(curve.at(load)).toBeGreaterThan(60);
    expect(curve.at(load)).toBeLessThan(100);
    expect(curve.at(2 * load)).toBeGreaterThan(curve.at(load));
  }
});

test("what was seen at one load is learned there, and moves loads far away little", () => {
  const curve = new LoadCurve(prior);
  for (let turn = 0; turn < 200; turn += 1) curve.learn(60, 8);
  expect(curve.at(8)).toBeCloseTo(60, 0);
  expect(curve.at(1)).toBeCloseTo(20, 6);
});

test("a load between two points is learned as itself", () => {
  for (const load of [3, 5, 6, 11, 24]) {
    const curve = new LoadCurve(prior);
    for (let turn = 0; turn < 300; turn += 1) curve.learn(400, load);
    expect(Math.abs(curve.at(load) - 400), `${load}`).toBeLessThan(20);
  }
});

test("a curve never falls and stays above nothing, whatever it is taught", () => {
  for (let seed = 0; seed < 60; seed += 1) {
    const random = seededRandom(seed);
    const curve = new LoadCurve(random.chance(0.5) ? prior : undefined);
    for (let turn = random.integer(1, 300); turn > 0; turn -= 1)
      curve.learn(random.between(0, 3_000), random.integer(1, 300));
    let before = 0;
    for (let load = 1; load <= 2_000; load += 1) {
      const ms = curve.at(load);
      if (!(ms > 0 && ms >= before - 1e-9))
        expect.fail(`seed ${seed}: ${before}, then ${ms} ms among ${load}`);
      before = ms;
    }
  }
});

test("what is told makes a curve that knows nothing the same where it was seen", () => {
  const [knows, learns] = [new LoadCurve(prior), new LoadCurve(prior)];
  for (let turn = 0; turn < 300; turn += 1)
    for (const load of [1, 2, 4, 8]) knows.learn(50 + 20 * load, load);
  learns.adopt(knows.told());
  for (const load of [1, 2, 4, 8]) expect(learns.at(load) / knows.at(load)).toBeCloseTo(1, 1);
});

test("what names no point of the curve, or says nothing, is passed over", () => {
  const curve = new LoadCurve(prior);
  curve.adopt([-1, 5, 900, 99, 5, 900, 0.5, 5, 900, 3, 0, 900, 2]);
  expect([1, 2, 4, 8].map((load) => curve.at(load))).toEqual([20, 25, 35, 55]);
});
