import { expect, test } from "vitest";
import { entropyRange, isCalibration, percentileRange } from "#inference/quantize/calibrate/choose-range.ts";
import { countIn, emptyHistogram } from "#inference/quantize/calibrate/histogram.ts";
import { seededRandom } from "#test/support/random.ts";

function histogramOf(values: readonly number[]) {
  const [min, max] = [Infinity, -Infinity].map((end) =>
    values.reduce((a, b) => (end > 0 ? Math.min(a, b) : Math.max(a, b)), end),
  );
  const histogram = emptyHistogram({ min: min ?? 0, max: max ?? 0 });
  countIn(histogram, Float32Array.from(values));
  return histogram;
}

/** Numbers about 0 as weights and activations have them, and one far out. */
function bell(count: number, outlier: number): number[] {
  const random = seededRandom(74);
  const sum = () => Array.from({ length: 12 }, () => random.between(-0.5, 0.5)).reduce((a, b) => a + b, 0);
  return [...Array.from({ length: count }, sum), outlier];
}

test("every number is counted once, the ends too, and what is none is not lost among them", () => {
  const { counts } = histogramOf([-1, 0, 0.25, 1]);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(4);
  expect([counts[0], counts.at(-1)]).toEqual([1, 1]);
});

test("a tensor that holds one number has that range whatever the calibration", () => {
  const histogram = histogramOf([2, 2, 2]);
  expect(percentileRange(histogram)).toEqual({ min: 2, max: 2 });
  expect(entropyRange(histogram)).toEqual({ min: 2, max: 2 });
});

test("a percentile leaves out what is rare at either end", () => {
  const values = Array.from({ length: 10_001 }, (_, index) => index / 10_000);
  const { min, max } = percentileRange(histogramOf(values), 0.9);
  expect(min).toBeCloseTo(0.05, 2);
  expect(max).toBeCloseTo(0.95, 2);
  const far = percentileRange(histogramOf(bell(300_000, 60)));
  expect(far.max).toBeLessThan(6);
  expect(far.min).toBeLessThan(-3);
});

test("a percentile of a hundred keeps all", () => {
  expect(percentileRange(histogramOf([-3, 0, 8]), 1)).toEqual({ min: -3, max: 8 });
});

test("by entropy one number far out does not make the grid coarse for all others", () => {
  const { min, max } = entropyRange(histogramOf(bell(100_000, 60)));
  expect(max).toBeLessThan(20);
  expect(max).toBeGreaterThan(2.5);
  expect(min).toBeLessThan(-2);
});

test("by entropy numbers spread evenly keep their whole range", () => {
  const values = Array.from({ length: 50_000 }, (_, index) => index / 50_000 - 0.5);
  const { min, max } = entropyRange(histogramOf(values));
  expect(min).toBeLessThan(-0.48);
  expect(max).toBeGreaterThan(0.48);
});

test("by entropy the zeros that an activation leaves do not draw the range to them", () => {
  const random = seededRandom(75);
  const live = Array.from({ length: 20_000 }, () => random.between(0, 4));
  const withZeros = [...live, ...Array.from({ length: 200_000 }, () => 0)];
  expect(entropyRange(histogramOf(withZeros)).max).toBeGreaterThan(3.8);
});

test("a range always holds more than nothing", () => {
  const random = seededRandom(76);
  for (let round = 0; round < 12; round += 1) {
    const values = Array.from({ length: random.integer(2, 40) }, () => random.between(-9, 9) ** 3);
    for (const { min, max } of [entropyRange(histogramOf(values)), percentileRange(histogramOf(values))]) {
      expect(min).toBeLessThan(max);
      expect(min).toBeGreaterThanOrEqual(Math.min(...values));
      expect(max).toBeLessThanOrEqual(Math.max(...values));
    }
  }
});

test("there are three calibrations", () => {
  expect(["minmax", "percentile", "entropy", "guess", ""].map(isCalibration)).toEqual([
    ...[true, true, true],
    ...[false, false],
  ]);
});
