import { expect, test } from "vitest";
import {
  activationGrid,
  biasScales,
  quantizeBias,
  quantizeWeights,
  weightScales,
} from "#inference/quantize/scales.ts";
import { numberKinds } from "#inference/quantize/targets.ts";
import { seededRandom } from "#test/support/random.ts";

const unsigned = numberKinds.x64.activation;
const signed = numberKinds.arm64.activation;

test.each([
  ["from 0 to 1", { min: 0, max: 1 }, 1 / 255, 0, -128],
  ["around 0", { min: -1, max: 1.55 }, 0.01, 100, -28],
  ["below 0", { min: -2.55, max: -1 }, 0.01, 255, 127],
  ["above 0", { min: 2, max: 5.1 }, 0.02, 0, -128],
])("a range %s has this grid", (_, range, scale, zeroPoint, signedZeroPoint) => {
  expect(activationGrid(range, unsigned).scale).toBeCloseTo(scale, 8);
  expect(activationGrid(range, unsigned).zeroPoint).toBe(zeroPoint);
  expect(activationGrid(range, signed).zeroPoint).toBe(signedZeroPoint);
});

test("a tensor that holds only zeros, or hardly more, has a grid of ones", () => {
  expect(activationGrid({ min: 0, max: 0 }, unsigned)).toEqual({ scale: 1, zeroPoint: 0 });
  expect(activationGrid({ min: 0, max: 1e-40 }, signed)).toEqual({ scale: 1, zeroPoint: -128 });
});

test("every number of a range is at most half a step from the grid, and 0 is on it", () => {
  const random = seededRandom(72);
  for (let round = 0; round < 2_000; round += 1) {
    const ends = [random.between(-50, 50), random.between(-50, 50) * random.between(0, 1)];
    const range = { min: Math.min(...ends), max: Math.max(...ends) };
    const kind = round % 2 === 0 ? unsigned : signed;
    const { scale, zeroPoint } = activationGrid(range, kind);
    for (const value of [range.min, range.max, random.between(range.min, range.max), 0]) {
      const whole = Math.min(kind.most, Math.max(kind.least, Math.round(value / scale) + zeroPoint));
      // The zero point is rounded too, so that an end may lie half a step beyond the grid.
      expect(Math.abs((whole - zeroPoint) * scale - value)).toBeLessThanOrEqual(scale * 1.0001);
    }
    expect(Number.isInteger(zeroPoint) && zeroPoint >= kind.least && zeroPoint <= kind.most).toBe(true);
  }
});

test("the end of a grid never lies beyond the range by a rounding, so that what cuts off there can go", () => {
  for (const max of [6, 1, 0.1, 3.3, 7, 11.7]) {
    const { scale } = activationGrid({ min: 0, max }, unsigned);
    expect(Math.fround(scale * 255)).toBeLessThanOrEqual(max);
    expect(scale).toBeCloseTo(max / 255, 7);
  }
});

test("each channel's largest weight takes the largest number, and the others what is nearest", () => {
  const values = Float32Array.of(1.27, -0.64, 0.005, 0.2, -0.1, 0);
  const rows = { values, dims: [2, 3], axis: 0 } as const;
  const scales = weightScales(rows, 127, []);
  expect([...scales].map((scale) => scale.toFixed(6))).toEqual(["0.010000", "0.001575"]);
  expect([...quantizeWeights(rows, scales, 127)]).toEqual([127, -64, 1, 127, -64, 0]);
  const columns = { values, dims: [3, 2], axis: 1 } as const;
  expect([...quantizeWeights(columns, weightScales(columns, 127, []), 127)]).toEqual([
    127, -127, 1, 40, -10, 0,
  ]);
});

test("seven bits of weight stay within 64", () => {
  const weights = { values: Float32Array.of(-1, 0.5), dims: [1, 2], axis: 0 } as const;
  const scales = weightScales(weights, 64, []);
  expect(scales[0]).toBe(1 / 64);
  expect([...quantizeWeights(weights, scales, 64)]).toEqual([-64, 32]);
});

test("a weight comes back within half a step of its channel", () => {
  const random = seededRandom(73);
  for (let round = 0; round < 200; round += 1) {
    const [channels, each] = [random.integer(1, 5), random.integer(1, 9)];
    const values = Float32Array.from({ length: channels * each }, () => random.between(-3, 3) ** 3);
    const weights = { values, dims: [channels, each], axis: 0 } as const;
    const scales = weightScales(weights, 127, []);
    const back = quantizeWeights(weights, scales, 127);
    values.forEach((value, index) => {
      const scale = scales[Math.floor(index / each)] ?? 0;
      expect(Math.abs((back[index] ?? 0) * scale - value)).toBeLessThanOrEqual(scale * 0.501);
    });
  }
});

test("a bias has exactly the scale of input times weight in single precision", () => {
  const [inputScale, scales] = [Math.fround(0.1), Float32Array.of(0.3, 0.7)];
  expect([...biasScales(inputScale, scales)]).toEqual(
    [...scales].map((scale) => Math.fround(inputScale * scale)),
  );
  expect([...quantizeBias(Float32Array.of(0.3, -0.7), Float32Array.of(0.03, 0.07))]).toEqual([10, -10]);
});

test("a channel with weights too small for its bias has a coarser scale, for each of its users", () => {
  const weights = { values: Float32Array.of(0, 1e-9), dims: [2, 1], axis: 0 } as const;
  const uses = [
    { inputScale: 0.01, bias: Float32Array.of(5, 5) },
    { inputScale: 0.001, bias: Float32Array.of(-5, 0) },
  ];
  const scales = weightScales(weights, 127, uses);
  for (const { inputScale, bias } of uses) {
    const both = biasScales(inputScale, scales);
    const whole = quantizeBias(bias, both);
    bias.forEach((value, channel) => {
      expect(Math.abs(whole[channel] ?? 0)).toBeLessThan(2 ** 31 - 1);
      expect((whole[channel] ?? 0) * (both[channel] ?? 0)).toBeCloseTo(value, 5);
    });
  }
});

test("weights that are no finite numbers are refused", () => {
  for (const value of [Number.NaN, Infinity]) {
    const weights = { values: Float32Array.of(1, value), dims: [2, 1], axis: 0 } as const;
    expect(() => weightScales(weights, 127, [])).toThrow("not a finite number");
  }
});
