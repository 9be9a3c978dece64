import { expect, test } from "vitest";
import { datatypes, elementCount, isDatatype, showShape, tensorOver } from "#inference/protocol/datatypes.ts";

test("every datatype's array has elements of the size that the table tells", () => {
  for (const [name, { bytes, array: Numbers }] of Object.entries(datatypes)) {
    expect([name, Numbers ? new Numbers(new ArrayBuffer(16)).length : 0]).toEqual([
      name,
      bytes && 16 / bytes,
    ]);
  }
});

test("only the protocol's names are datatypes", () => {
  expect(["FP32", "BF16", "BYTES"].every(isDatatype)).toBe(true);
  expect(["fp32", "STRING", "toString", "", 32, null, undefined].some(isDatatype)).toBe(false);
});

test("a shape counts its elements, nothing of which is nothing whatever the rest", () => {
  expect([[], [3], [2, 3, 4], [2 ** 50, 0, 2 ** 50]].map(elementCount)).toEqual([1, 3, 24, 0]);
  expect(elementCount([2 ** 50, 2 ** 50])).toBeGreaterThan(Number.MAX_SAFE_INTEGER);
});

test("a tensor lies over the memory it is given", () => {
  const memory = new Float32Array([1, 2]).buffer;
  const tensor = tensorOver("FP32", [2], memory);
  expect([tensor.data, tensor.datatype === "FP32" && tensor.data.buffer === memory]).toEqual([
    new Float32Array([1, 2]),
    true,
  ]);
});

test("a shape with more dimensions than a person reads is cut", () => {
  expect([showShape([]), showShape([-1, 2]), showShape(new Array(40).fill(1)).length]).toEqual([
    "[]",
    "[-1,2]",
    37,
  ]);
});
