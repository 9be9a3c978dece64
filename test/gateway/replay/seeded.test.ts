import { expect, test } from "vitest";
import { createSeeded } from "#gateway/replay/seeded.ts";

const draws = 100_000;

/** Mean, variance and third central moment over the variance's power. */
function momentsOf(draw: () => number) {
  const values = Array.from({ length: draws }, draw);
  const mean = values.reduce((sum, value) => sum + value, 0) / draws;
  const central = (power: number) => values.reduce((sum, value) => sum + (value - mean) ** power, 0) / draws;
  return {
    mean,
    variance: central(2),
    skew: central(3) / central(2) ** 1.5,
    least: Math.min(...values.slice(0, 50_000)),
  };
}

test("a seed decides every draw", () => {
  const draw = (seed: number) => {
    const seeded = createSeeded(seed);
    return [
      seeded.number(),
      seeded.normal(),
      seeded.exponential(),
      seeded.gamma(0.3),
      seeded.gamma(4),
      seeded.normal(),
    ];
  };
  expect(draw(7)).toEqual(draw(7));
  expect(draw(0)).toEqual(draw(-0));
  expect(draw(7)).not.toEqual(draw(8));
});

test("the draws of a seed are the same on every machine", () => {
  const seeded = createSeeded(1);
  expect([seeded.number(), seeded.number(), seeded.number()]).toEqual([
    0.07185722959541896, 0.5950960371777814, 0.5685180348630431,
  ]);
});

test("neighbouring seeds and halves of seeds give unrelated streams", () => {
  const firsts = [...Array(2_000).keys()].map((seed) => createSeeded(seed).number());
  const mean = firsts.reduce((sum, value) => sum + value, 0) / firsts.length;
  expect(mean).toBeGreaterThan(0.48);
  expect(mean).toBeLessThan(0.52);
  const others = [0.5, 1.5, 2 ** 40, 2 ** 40 + 1, -3].map((seed) => createSeeded(seed).number());
  expect(new Set([...firsts, ...others]).size).toBe(2_005);
});

test("even numbers lie in [0, 1) with their mean, variance and no pull to a side", () => {
  const seeded = createSeeded(2);
  const { mean, variance, skew, least } = momentsOf(seeded.number);
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.004);
  expect(Math.abs(variance - 1 / 12)).toBeLessThan(0.001);
  expect(Math.abs(skew)).toBeLessThan(0.03);
  expect(least).toBeGreaterThanOrEqual(0);
});

test("even numbers fill their range evenly and do not follow each other", () => {
  const seeded = createSeeded(3);
  const cells = new Float64Array(100);
  for (let index = 0; index < draws; index++) {
    const cell = Math.floor(seeded.number() * 10) * 10 + Math.floor(seeded.number() * 10);
    cells[cell] = (cells[cell] ?? 0) + 1;
  }
  const chiSquare = cells.reduce((sum, count) => sum + (count - draws / 100) ** 2 / (draws / 100), 0);
  expect(chiSquare).toBeGreaterThan(50);
  expect(chiSquare).toBeLessThan(160);
});

test("normal draws have mean 0, variance 1 and no skew", () => {
  const { mean, variance, skew } = momentsOf(createSeeded(4).normal);
  expect(Math.abs(mean)).toBeLessThan(0.015);
  expect(Math.abs(variance - 1)).toBeLessThan(0.02);
  expect(Math.abs(skew)).toBeLessThan(0.03);
});

test("exponential draws have mean 1, variance 1 and skew 2", () => {
  const { mean, variance, skew, least } = momentsOf(createSeeded(5).exponential);
  expect(Math.abs(mean - 1)).toBeLessThan(0.015);
  expect(Math.abs(variance - 1)).toBeLessThan(0.05);
  expect(Math.abs(skew - 2)).toBeLessThan(0.2);
  expect(least).toBeGreaterThanOrEqual(0);
});

test.each([0.05, 0.5, 1, 3, 400])("gamma draws of shape %d have it as their mean and variance", (shape) => {
  const seeded = createSeeded(shape);
  const { mean, variance, skew, least } = momentsOf(() => seeded.gamma(shape));
  expect(Math.abs(mean / shape - 1)).toBeLessThan(5 / Math.sqrt(shape * draws));
  expect(Math.abs(variance / shape - 1)).toBeLessThan(shape < 0.1 ? 0.2 : 0.05);
  expect(Math.abs(skew * Math.sqrt(shape) - 2)).toBeLessThan(shape > 100 ? 1 : 0.35);
  expect(least).toBeGreaterThanOrEqual(0);
});

test.each([0, -1, Number.NaN, Infinity])("a gamma of shape %d is refused, not drawn for ever", (shape) => {
  expect(() => createSeeded(1).gamma(shape)).toThrow(RangeError);
});

test("a fork is decided by the seed and its label, not by what was drawn before", () => {
  const [fresh, used] = [createSeeded(6), createSeeded(6)];
  used.number();
  expect(used.fork("times").number()).toBe(fresh.fork("times").number());
  expect(fresh.fork("times").fork(1).number()).toBe(fresh.fork("times").fork(1).number());
});

test("forks of other labels, seeds and kinds of labels are other streams", () => {
  const seeded = createSeeded(6);
  const streams = [
    seeded,
    createSeeded(7).fork("a"),
    seeded.fork(1).fork(2),
    seeded.fork(2).fork(1),
    ...["", "a", "b", "ab", "ba", "1"].map((label) => seeded.fork(label)),
    ...[0, 1, 2, 10, 12].map((label) => seeded.fork(label)),
  ];
  expect(new Set(streams.map((stream) => stream.number())).size).toBe(streams.length);
});
