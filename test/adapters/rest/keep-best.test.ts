import { expect, test } from "vitest";
import { keepBest } from "#adapters/rest/keep-best.ts";
import type { Detection } from "#inference/contract.ts";

const options = { conf: 0.25, iou: 0.5, maxDetections: 300 };
const none = { conf: false, iou: false };

/** A box of 100 x 100 pixels. */
const at = (x: number, score: number, index = 0): Detection => ({
  name: `${index}`,
  class: index,
  score,
  box: { x1: x, y1: 0, x2: x + 100, y2: 100 },
});

const xs = (found: readonly Detection[]): number[] => found.map(({ box }) => box.x1);

test("what is no surer than asked is left out, and the surest comes first", () => {
  expect(xs(keepBest([at(0, 0.25), at(200, 0.5), at(400, 0.9)], options, none))).toEqual([400, 200]);
});

test("boxes of one class that overlap more than asked are one thing, of two classes unless it is asked", () => {
  const found = [at(0, 0.9), at(20, 0.8), at(30, 0.7, 1), at(60, 0.6)];
  expect(xs(keepBest(found, options, none))).toEqual([0, 30, 60]);
  expect(xs(keepBest(found, { ...options, agnostic: true }, none))).toEqual([0, 60]);
  expect(xs(keepBest(found, { ...options, iou: 0.9 }, none))).toEqual([0, 20, 30, 60]);
});

test("of what was found the best remain, as many as are asked for", () => {
  const many = Array.from({ length: 50 }, (_, index) => at(200 * index, 0.3 + index / 100));
  const kept = keepBest(many, { ...options, maxDetections: 2 }, none);
  expect(xs(kept)).toEqual([9_800, 9_600]);
  expect(keepBest(many, { ...options, maxDetections: 2 }, { conf: true, iou: true })).toEqual(kept);
});

test("what the server sees to is not done again", () => {
  const found = [at(0, 0.1), at(1, 0.2)];
  expect(xs(keepBest(found, options, { conf: true, iou: true }))).toEqual([1, 0]);
  expect(xs(keepBest(found, options, { conf: true, iou: false }))).toEqual([1]);
});

test("boxes without a size overlap with nothing", () => {
  const flat = { ...at(0, 0.9), box: { x1: 5, y1: 5, x2: 5, y2: 5 } };
  expect(keepBest([flat, flat], options, none)).toHaveLength(2);
});

test("the most that an answer may hold is gone through in a moment", () => {
  const many = Array.from({ length: 10_000 }, (_, index) => at(200 * index, 0.5));
  const started = performance.now();
  expect(keepBest(many, options, none)).toHaveLength(300);
  expect(performance.now() - started).toBeLessThan(1_000);
});
