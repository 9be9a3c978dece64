import { expect, test } from "vitest";
import type { Tensors } from "#inference/contract.ts";
import { batchKeyOf, joinRuns, rowsOf, splitRuns } from "#inference/engine/batch-tensors.ts";

const run = (...values: number[]): Tensors => ({
  x: { datatype: "FP32", shape: [values.length / 2, 2], data: Float32Array.from(values) },
  text: {
    datatype: "BYTES",
    shape: [values.length / 2],
    data: Array.from({ length: values.length / 2 }, (_, row) => Uint8Array.of(values[2 * row] ?? 0)),
  },
});

test("joined runs come apart again as they were", () => {
  const runs = [run(1, 2), run(3, 4, 5, 6), run(7, 8)];
  const joined = joinRuns(runs, new Map());
  expect(joined.x).toEqual({
    datatype: "FP32",
    shape: [4, 2],
    data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8),
  });
  expect(splitRuns(joined, runs.map(rowsOf))).toEqual(runs);
});

test("a batch of the same size is joined into the same memory", () => {
  const scratch = new Map();
  const first = joinRuns([run(1, 2), run(3, 4)], scratch).x?.data;
  const second = joinRuns([run(5, 6), run(7, 8)], scratch).x?.data;
  const third = joinRuns([run(5, 6), run(7, 8), run(9, 10)], scratch).x?.data;
  expect(second).toBe(first);
  expect(second).toEqual(Float32Array.of(5, 6, 7, 8));
  expect(third).toHaveLength(6);
});

test("one run alone is neither copied nor parted", () => {
  const only = run(1, 2);
  expect(joinRuns([only], new Map())).toBe(only);
  expect(splitRuns(only, [1])).toEqual([only]);
});

test("an answer with other rows than the batch has items is refused", () => {
  const answer = run(1, 2, 3, 4);
  expect(() => splitRuns(answer, [1, 2])).toThrow("has 2 rows for 3 items");
});

test("runs with different inputs are not joined", () => {
  const { x = run(1, 2).x } = run(1, 2);
  expect(() => joinRuns([run(1, 2), x ? { x } : {}], new Map())).toThrow("different inputs");
});

test("runs belong together when all but their first dimension is the same", () => {
  const key = batchKeyOf(run(1, 2));
  expect(batchKeyOf(run(1, 2, 3, 4))).toBe(key);
  const wide: Tensors = { ...run(1, 2), x: { datatype: "FP32", shape: [1, 3], data: new Float32Array(3) } };
  expect(batchKeyOf(wide)).not.toBe(key);
  const whole: Tensors = { ...run(1, 2), x: { datatype: "INT32", shape: [1, 2], data: new Int32Array(2) } };
  expect(batchKeyOf(whole)).not.toBe(key);
});
