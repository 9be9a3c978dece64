import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readGraphFile } from "#inference/quantize/onnx/graph-file.ts";
import { findMixed } from "#inference/quantize/plan/find-mixed.ts";
import { type PairPlan, planPairs } from "#inference/quantize/plan/plan-pairs.ts";
import { type WrittenNode, type WrittenWeight, writeOnnx } from "#test/support/onnx-writer.ts";
import { yolov8nShape } from "#test/support/yolov8n-shape.ts";

const weights: readonly WrittenWeight[] = [
  ...["w", "v", "u"].map((name) => ({ name, dims: [2, 2, 1, 1], data: [1, 2, 3, 4] })),
  { name: "b", dims: [2], data: [1, 2] },
  { name: "three", dims: [3], data: [1, 2, 3] },
  { name: "two", dims: [1], data: [2] },
  { name: "matrix", dims: [2, 2], data: [1, 2, 3, 4] },
  { name: "sizes", dims: [2], data: BigInt64Array.of(1n, 1n) },
];

function plan(nodes: readonly WrittenNode[], output = "y", inputType = 1): PairPlan {
  const inputs = [{ name: "x", type: inputType, dims: [1, 2, 2, 2] }];
  return planPairs(
    readGraphFile(writeOnnx({ inputs, outputs: [{ name: output, dims: [1, 2, 2, 2] }], nodes, weights })),
  );
}

const conv = (from: string, to: string, ...rest: string[]): WrittenNode => {
  const [weight = "w", bias] = rest;
  return { op: "Conv", inputs: [from, weight, ...(bias ? [bias] : [])], outputs: [to] };
};
const op = (name: string, from: readonly string[], to: string): WrittenNode => ({
  op: name,
  inputs: from,
  outputs: [to],
});

function chosen({ chosen: nodes }: PairPlan): string[] {
  return [...nodes].map((node) => node.op).sort();
}

test("of a SiLU between two convolutions each step becomes whole numbers", () => {
  const found = plan([conv("x", "c"), op("Sigmoid", ["c"], "s"), op("Mul", ["c", "s"], "m"), conv("m", "y")]);
  expect(chosen(found)).toEqual(["Conv", "Conv", "Mul", "Sigmoid"]);
  expect([...found.pairs.keys()].sort()).toEqual(["c", "m", "s", "x", "y"]);
  expect([...found.ends]).toEqual(["y"]);
});

test("what comes after the last weights stays in floats", () => {
  const found = plan([
    conv("x", "c"),
    op("Sigmoid", ["c"], "s"),
    op("Mul", ["c", "s"], "m"),
    op("Concat", ["m", "c"], "y"),
  ]);
  expect(chosen(found)).toEqual(["Conv"]);
  expect([...found.pairs.keys()]).toEqual(["x", "c"]);
});

test.each(["Relu", "Clip"])("a %s that only cuts off is the convolution's own result", (name) => {
  const limits = name === "Clip" ? ["two", ""] : [];
  const found = plan([conv("x", "c"), op(name, ["c", ...limits], "r"), conv("r", "y", "v")]);
  expect([...found.pairs.keys()].sort()).toEqual(["r", "x", "y"]);
});

test("a Relu beside another taker, or with limits that are computed, is no part of the convolution", () => {
  const beside = plan([
    conv("x", "c"),
    op("Relu", ["c"], "r"),
    op("Add", ["r", "c"], "a"),
    conv("a", "y", "v"),
  ]);
  expect([...beside.pairs.keys()].sort()).toEqual(["a", "c", "r", "x", "y"]);
  const computed = plan([conv("x", "c"), op("Clip", ["c", "x"], "r"), conv("r", "y", "v")]);
  expect(computed.pairs.has("c")).toBe(true);
});

test("what only chooses or moves has the range of what goes in, on and on", () => {
  const found = plan([
    conv("x", "c"),
    { op: "MaxPool", inputs: ["c"], outputs: ["p"], ints: { kernel_shape: [1, 1] } },
    { op: "Split", inputs: ["p", "sizes"], outputs: ["l", "r"], int: { axis: 1 } },
    op("Concat", ["r", "l", "c"], "j"),
    conv("j", "y", "v"),
  ]);
  expect(Object.fromEntries(found.pairs)).toEqual({
    ...{ x: "x", c: "c", p: "c", l: "c", r: "c", j: "j", y: "y" },
  });
  expect(chosen(found)).toEqual(["Concat", "Conv", "Conv", "MaxPool", "Split"]);
});

test("a cubic resize stays in floats, and so do operators of another domain's names", () => {
  const cubic: WrittenNode = { ...op("Resize", ["c", "", "three"], "r"), string: { mode: "cubic" } };
  expect(chosen(plan([conv("x", "c"), cubic, conv("r", "y", "v")]))).toEqual(["Conv", "Conv"]);
  const nearest: WrittenNode = { ...op("Resize", ["c", "", "three"], "r"), string: { mode: "nearest" } };
  expect(chosen(plan([conv("x", "c"), nearest, conv("r", "y", "v")]))).toEqual(["Conv", "Conv", "Resize"]);
});

test("the mean over bins that gives a box's sides stays in floats", () => {
  const bins = [conv("x", "c"), op("Softmax", ["c"], "s"), op("Transpose", ["s"], "t")];
  const mean: WrittenNode = { op: "Conv", inputs: ["t", "mean"], outputs: ["y"] };
  const file = writeOnnx({
    inputs: [{ name: "x", dims: [1, 2, 2, 2] }],
    outputs: [{ name: "y", dims: [1, 1, 2, 2] }],
    nodes: [...bins, mean],
    weights: [...weights, { name: "mean", dims: [1, 2, 1, 1], data: [0, 1] }],
  });
  const found = planPairs(readGraphFile(file));
  expect(found.weighted.size).toBe(1);
  expect([...found.pairs.keys()]).toEqual(["x", "c"]);
});

test("sizes that are computed with the same operators are left alone", () => {
  const found = plan([
    op("Shape", ["x"], "n"),
    op("Mul", ["n", "n"], "nn"),
    op("Concat", ["nn", "n"], "shape"),
    conv("x", "c"),
    op("Reshape", ["c", "shape"], "f"),
    conv("f", "y", "v"),
  ]);
  expect(chosen(found)).toEqual(["Conv", "Conv", "Reshape"]);
  expect([...found.pairs.keys()].some((name) => name.startsWith("n") || name === "shape")).toBe(false);
});

test("pixels that come as bytes are whole numbers of their own until they are cast", () => {
  const cast: WrittenNode = { op: "Cast", inputs: ["j"], outputs: ["f"], int: { to: 1 } };
  const nodes = [op("Concat", ["x", "x"], "j"), cast, op("Add", ["f", "f"], "a"), conv("a", "y")];
  const found = plan(nodes, "y", 2);
  expect(chosen(found)).toEqual(["Add", "Conv"]);
  expect([...found.pairs.keys()].sort()).toEqual(["a", "f", "y"]);
});

test("matrices have their channels in the last dimension, or in the first where they are turned", () => {
  const gemm = (int: Record<string, number>, float = {}): WrittenNode => ({
    ...{ op: "Gemm", inputs: ["x", "matrix", "b"], outputs: ["y"], int, float },
  });
  const axisOf = ({ weighted }: PairPlan) => [...weighted.values()].map(({ axis }) => axis);
  expect(axisOf(plan([gemm({})]))).toEqual([1]);
  expect(axisOf(plan([gemm({ transB: 1 })]))).toEqual([0]);
  expect(axisOf(plan([op("MatMul", ["x", "matrix"], "y")]))).toEqual([1]);
  expect(axisOf(plan([gemm({ transA: 1 })]))).toEqual([]);
  expect(axisOf(plan([gemm({}, { alpha: 0.5 })]))).toEqual([]);
});

test.each([
  ["weights that are computed", conv("x", "y", "x")],
  ["a bias that is computed", conv("x", "y", "w", "x")],
  ["a bias of another length", conv("x", "y", "w", "three")],
  ["weights of whole numbers", conv("x", "y", "sizes")],
])("a convolution with %s stays as it is", (_, node) => {
  expect(plan([node]).weighted.size).toBe(0);
});

test("of the demo model everything up to the last convolutions is whole numbers", async () => {
  const path = join(import.meta.dirname, "../../../../inference/models/demo/digits-n/1/model.onnx");
  const found = planPairs(readGraphFile(await readFile(path)));
  expect(found.weighted.size).toBe(22);
  expect(found.ends.size).toBe(3);
  expect(
    [...found.chosen]
      .filter(({ op: name }) => name !== "Conv")
      .map(({ op: name }) => name)
      .sort(),
  ).toEqual([...Array.from({ length: 5 }, () => "Add"), ...["Resize", "Resize"]]);
  expect(findMixed(found, [4, 10])).toEqual(found.ends);
  expect(findMixed(found, [4, 80]).size).toBe(0);
  expect(findMixed(found, undefined).size).toBe(0);
});

test("of the YOLOv8n shape 63 of 64 convolutions and all 57 SiLUs become whole numbers", () => {
  const found = planPairs(readGraphFile(yolov8nShape()));
  const byName = Map.groupBy(found.chosen, (node) => node.op);
  const counts = Object.fromEntries(Array.from(byName, ([name, all]) => [name, all.length]));
  expect(counts).toEqual({
    Conv: 63,
    Sigmoid: 57,
    Mul: 57,
    Add: 6,
    Concat: 13,
    Split: 8,
    MaxPool: 3,
    Resize: 2,
  });
});

test("a last convolution whose weights another shares keeps one scale", () => {
  const both = [conv("x", "c", "w", "b"), conv("c", "d", "w", "b"), conv("d", "y", "v", "b")];
  expect([...findMixed(plan(both), [1, 1])]).toEqual(["y"]);
  const shared = [conv("x", "c", "v", "b"), conv("c", "y", "v", "b")];
  expect(findMixed(plan(shared), [1, 1]).size).toBe(0);
});
