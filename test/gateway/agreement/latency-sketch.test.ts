import { expect, test } from "vitest";
import { createSketch, type Sketch, sketchFromJson } from "#gateway/agreement/latency-sketch.ts";
import { type Random, seededRandom } from "#test/support/random.ts";

const quantiles = [0, 0.001, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1];

/** Times of very different sizes, as latencies are. */
function times(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => Math.exp(random.between(Math.log(0.06), Math.log(3_000_000))));
}

function sketchOf(values: readonly number[]): Sketch {
  const sketch = createSketch();
  for (const value of values) sketch.add(value);
  return sketch;
}

/** The smallest value that a part `q` of them does not exceed. */
function exact(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length - 1e-9) - 1)] ?? Number.NaN;
}

test("every quantile of a sketch is within 2.5 % of the exact one", () => {
  const random = seededRandom(1);
  for (const count of [1, 2, 7, 100, 3_000]) {
    const values = times(random, count);
    const sketch = sketchOf(values);
    for (const q of quantiles) {
      const wanted = exact(values, q);
      const off = Math.abs((sketch.quantile(q) ?? Number.NaN) - wanted) / wanted;
      expect(off, `quantile ${q} of ${count}`).toBeLessThanOrEqual(0.025 + 1e-9);
    }
  }
});

test("sketches that are merged are the sketch of all their times", () => {
  const random = seededRandom(2);
  const [one, other] = [times(random, 500), times(random, 300)];
  const merged = sketchOf(one);
  merged.merge(sketchOf(other));
  expect(merged.toJSON()).toEqual(sketchOf([...other, ...one]).toJSON());
  expect(merged.count()).toBe(800);
});

test("a sketch comes back from its JSON as it was, and stays small", () => {
  const random = seededRandom(3);
  const sketch = sketchOf(times(random, 10_000));
  const text = JSON.stringify(sketch);
  expect(text.length).toBeLessThan(2_000);
  const back = sketchFromJson(JSON.parse(text));
  expect(back?.toJSON()).toEqual(sketch.toJSON());
  expect(back?.count()).toBe(10_000);
  expect(JSON.stringify(createSketch())).toBe("[1]");
  expect(sketchFromJson([1])?.count()).toBe(0);
  const ends = sketchOf([0, 1e12]);
  expect(sketchFromJson(ends.toJSON())?.toJSON()).toEqual(ends.toJSON());
});

test.each([
  ["no list", { 0: 1 }],
  ["nothing", []],
  ["of another layout", [2, 5]],
  ["a text among the counts", [1, "5"]],
  ["an endless count", [1, Number.POSITIVE_INFINITY]],
  ["a count that is no number", [1, Number.NaN]],
  ["a broken gap", [1, -1.5, 3]],
  ["a gap beyond the last bucket", [1, -1_000_000, 3]],
  ["a count after the last bucket", [1, -363, 3]],
  ["more buckets than there are", [1, ...Array.from({ length: 1_000 }, () => 1)]],
])("a sketch is not read from what is %s", (_, json) => {
  expect(sketchFromJson(json)).toBeUndefined();
});

test("a sketch leaves out what is no time, and counts at its bounds what lies beyond them", () => {
  const sketch = createSketch();
  expect(sketch.quantile(0.5)).toBeUndefined();
  sketch.add(Number.NaN);
  sketch.add(5, 0);
  sketch.add(5, -1);
  sketch.add(5, Number.NaN);
  sketch.add(5, Number.POSITIVE_INFINITY);
  expect(sketch.count()).toBe(0);
  sketch.add(-3);
  expect(sketch.quantile(0.5)).toBeLessThanOrEqual(0.05);
  expect(sketch.quantile(Number.NaN)).toBeUndefined();
  sketch.add(Number.POSITIVE_INFINITY, 3);
  expect(sketch.quantile(0.5)).toBeGreaterThan(3_500_000);
  expect(sketch.quantile(7)).toBe(sketch.quantile(1));
  expect(sketch.quantile(-7)).toBe(sketch.quantile(0));
});

test("a sketch counts what took longer than a bound", () => {
  const sketch = sketchOf([1, 10, 100, 1_000]);
  expect([0.5, 5, 50, 500, 5_000].map((ms) => sketch.above(ms))).toEqual([4, 3, 2, 1, 0]);
});
