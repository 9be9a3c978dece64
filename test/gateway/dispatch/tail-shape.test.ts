import { expect, test } from "vitest";
import { TailShape } from "#gateway/dispatch/tail-shape.ts";
import { type Random, seededRandom } from "#test/support/random.ts";

/** Around 1, as wide as `sigma` says, in octaves of e. */
function logNormal(random: Random, sigma: number): number {
  const [one, other] = [random.between(1e-9, 1), random.between(0, 1)];
  return Math.exp(sigma * Math.sqrt(-2 * Math.log(one)) * Math.cos(2 * Math.PI * other));
}

function shapeOf(seed: number, samples: number, sigma = 0.3): TailShape {
  const random = seededRandom(seed);
  const shape = new TailShape();
  for (let turn = 0; turn < samples; turn += 1) shape.add(logNormal(random, sigma));
  return shape;
}

test("the longer one waits, the smaller the share that takes longer still", () => {
  for (const samples of [0, 1, 30, 3_000]) {
    const shape = shapeOf(3, samples, 0.8);
    let before = 1;
    for (let ratio = 0.05; ratio < 40; ratio *= 1.02) {
      const beyond = shape.beyond(ratio);
      expect(beyond, `${samples} samples, ${ratio}`).toBeLessThanOrEqual(before);
      expect(beyond).toBeGreaterThan(0);
      before = beyond;
    }
  }
});

test("a quantile is what its share of answers takes longer than", () => {
  for (const samples of [0, 10, 500, 5_000]) {
    const shape = shapeOf(samples + 1, samples);
    for (const quantile of [0.05, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999])
      expect(shape.beyond(shape.quantile(quantile)), `${samples}, ${quantile}`).toBeCloseTo(1 - quantile, 9);
  }
});

test("a higher quantile is never earlier", () => {
  const shape = shapeOf(8, 800);
  let before = 0;
  for (let quantile = 0; quantile < 1; quantile += 0.001) {
    expect(shape.quantile(quantile)).toBeGreaterThanOrEqual(before);
    before = shape.quantile(quantile);
  }
});

test("before anything is seen the middle is what was foreseen, and the tail is heavier than a Gaussian's", () => {
  const shape = new TailShape();
  expect(shape.beyond(1)).toBeCloseTo(0.5, 2);
  // A Gaussian with the same share beyond twice has next to nothing beyond four times.
  expect(shape.beyond(2)).toBeLessThan(0.1);
  expect(shape.beyond(4)).toBeGreaterThan(shape.beyond(2) ** 3);
  expect(shape.beyond(8)).toBeGreaterThan(shape.beyond(2) ** 6);
});

test("of what comes, about as much lies beyond a quantile as it says", () => {
  for (const sigma of [0.1, 0.3, 0.7]) {
    const shape = shapeOf(21, 3_000, sigma);
    const random = seededRandom(99);
    const fresh = Array.from({ length: 20_000 }, () => logNormal(random, sigma));
    for (const quantile of [0.5, 0.9, 0.95, 0.99]) {
      const bound = shape.quantile(quantile);
      const beyond = fresh.filter((ratio) => ratio > bound).length / fresh.length;
      expect(Math.abs(beyond - (1 - quantile)), `${sigma}, ${quantile}`).toBeLessThan(
        0.03 + 0.2 * (1 - quantile),
      );
    }
  }
});

test("a tail that grows is believed to have grown", () => {
  const shape = shapeOf(2, 2_000, 0.1);
  const before = shape.beyond(3);
  for (let turn = 0; turn < 200; turn += 1) shape.add(turn % 5 === 0 ? 4 : 1);
  expect(shape.beyond(3)).toBeGreaterThan(10 * before);
});

test("old samples fade, so that a bad hour is forgotten", () => {
  const shape = new TailShape();
  for (let turn = 0; turn < 500; turn += 1) shape.add(8);
  for (let turn = 0; turn < 5_000; turn += 1) shape.add(1);
  expect(shape.beyond(2)).toBeLessThan(0.05);
});

test("ratios out of all measure are counted at the ends, and spoil nothing", () => {
  const shape = new TailShape();
  for (const ratio of [0, 1e-9, 1e9, Number.MAX_VALUE]) shape.add(ratio);
  for (const ratio of [0, 1e-9, 0.5, 1, 20, 1e9]) {
    expect(shape.beyond(ratio)).toBeGreaterThanOrEqual(0);
    expect(shape.beyond(ratio)).toBeLessThanOrEqual(1);
  }
  expect(Number.isFinite(shape.quantile(0.5))).toBe(true);
});

test("nothing takes less than no time, and every answer takes longer than that", () => {
  const shape = shapeOf(1, 50);
  expect([shape.beyond(0), shape.beyond(-1), shape.beyond(Number.NaN)]).toEqual([1, 1, 1]);
});

test("what is told makes another shape believe the same", () => {
  const [knows, learns] = [shapeOf(4, 1_000), new TailShape()];
  learns.adopt(knows.told());
  for (const ratio of [0.5, 0.8, 1, 1.2, 1.5, 2, 4])
    expect(learns.beyond(ratio)).toBeCloseTo(knows.beyond(ratio), 2);
});
