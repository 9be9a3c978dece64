import { expect, test } from "vitest";
import { insertPairs } from "#inference/quantize/insert/insert-pairs.ts";
import { type GraphFile, readGraphFile } from "#inference/quantize/onnx/graph-file.ts";
import { intOf } from "#inference/quantize/onnx/node.ts";
import { bytesPart, chunksOf, messagePart, numberPart, textPart } from "#inference/quantize/onnx/parts.ts";
import { planPairs } from "#inference/quantize/plan/plan-pairs.ts";
import type { Range } from "#inference/quantize/scales.ts";
import { numberKinds, type Target } from "#inference/quantize/targets.ts";
import { type WrittenModel, writeOnnx } from "#test/support/onnx-writer.ts";
import { makerOf, numbersIn, readBack, theOne } from "../look-into.ts";

const model: WrittenModel = {
  inputs: [{ name: "x", dims: [1, 2, 2, 2] }],
  outputs: [{ name: "y", dims: [1, 2, 2, 2] }],
  nodes: [
    { op: "Conv", inputs: ["x", "w", "b"], outputs: ["c"], ints: { kernel_shape: [1, 1] } },
    { op: "Softplus", inputs: ["c"], outputs: ["y"] },
  ],
  weights: [
    { name: "w", dims: [2, 2, 1, 1], data: [1.27, -0.5, 0.254, 0.1] },
    { name: "b", dims: [2], data: [0.5, -0.25] },
  ],
  metadata: { task: "detect" },
};

type Options = {
  readonly target?: Target;
  readonly ranges?: Record<string, Range>;
  readonly channels?: Record<string, readonly Range[]>;
};

/** x lies within 0 and 2.55, so that its scale is 0.01, and c within -1 and 1.55. */
const seen = { x: { min: 0, max: 2.55 }, c: { min: -1, max: 1.55 } };

function quantized(bytes: Buffer, { target = "x64", ranges = seen, channels = {} }: Options = {}): GraphFile {
  const file = readGraphFile(bytes);
  const options = {
    plan: planPairs(file),
    ranges: new Map(Object.entries(ranges)),
    channelRanges: new Map(Object.entries(channels)),
    kinds: numberKinds[target],
    note: { key: "quantization", value: "for a test" },
  };
  return readBack(insertPairs(file, options));
}

function near(values: readonly number[]): unknown[] {
  return values.map((value) => expect.closeTo(value, 6));
}

test("a convolution stands between pairs, with whole numbers for weights and bias", () => {
  const file = quantized(writeOnnx(model));
  const conv = theOne(file, "Conv");
  const [input = "", weight = "", bias = ""] = conv.inputs;
  const [back, there] = [makerOf(file, input), makerOf(file, makerOf(file, input).inputs[0] ?? "")];
  expect([there.op, there.inputs[0], back.op]).toEqual(["QuantizeLinear", "x", "DequantizeLinear"]);
  expect(back.inputs.slice(1)).toEqual(there.inputs.slice(1));
  expect(numbersIn(file, there.inputs[1] ?? "")).toEqual(near([0.01]));
  expect(numbersIn(file, there.inputs[2] ?? "")).toEqual([0]);

  const [weights, weightScale = "", weightZero = ""] = makerOf(file, weight).inputs;
  expect(numbersIn(file, weights ?? "")).toEqual([127, -50, 127, 50]);
  expect(numbersIn(file, weightScale)).toEqual(near([0.01, 0.002]));
  expect(numbersIn(file, weightZero)).toEqual([0, 0]);
  expect(file.constants.get(weights ?? "")?.dims).toEqual([2, 2, 1, 1]);
  expect(intOf(makerOf(file, weight), "axis")).toBe(0);

  const [biases, biasScale = "", biasZero = ""] = makerOf(file, bias).inputs;
  const [first = 0, second = 0] = numbersIn(file, weightScale);
  const [inputScale = 0] = numbersIn(file, there.inputs[1] ?? "");
  expect(numbersIn(file, biasScale)).toEqual([
    Math.fround(first * inputScale),
    Math.fround(second * inputScale),
  ]);
  expect(numbersIn(file, biases ?? "")).toEqual([5_000, -12_500]);
  expect(numbersIn(file, biasZero)).toEqual([0, 0]);
  expect(intOf(makerOf(file, bias), "axis")).toBe(0);
  expect(file.constants.get(biases ?? "")?.elementType).toBe(6);
});

test("what the convolution gives goes through a pair to all who take it", () => {
  const file = quantized(writeOnnx(model));
  const [taken = ""] = theOne(file, "Softplus").inputs;
  const [whole = "", scale = "", zero = ""] = makerOf(file, taken).inputs;
  expect(makerOf(file, whole).inputs[0]).toBe("c");
  expect([numbersIn(file, scale), numbersIn(file, zero)]).toEqual([near([0.01]), [100]]);
});

test("for arm64 what flows is signed, without VNNI the weights have seven bits", () => {
  const arm = quantized(writeOnnx(model), { target: "arm64" });
  const [input = ""] = theOne(arm, "Conv").inputs;
  const [, , zero = ""] = makerOf(arm, input).inputs;
  expect(arm.constants.get(zero)?.elementType).toBe(3);
  expect(numbersIn(arm, zero)).toEqual([-128]);
  const old = quantized(writeOnnx(model), { target: "x64-no-vnni" });
  const [, weight = ""] = theOne(old, "Conv").inputs;
  expect(numbersIn(old, makerOf(old, weight).inputs[0] ?? "")).toEqual([64, -25, 64, 25]);
});

test("the floats that whole numbers stand for are gone, all else is as it was", () => {
  const bytes = writeOnnx(model);
  const file = quantized(bytes);
  expect([file.constants.has("w"), file.constants.has("b")]).toEqual([false, false]);
  const before = readGraphFile(bytes);
  for (const part of before.parts) {
    if (part.number === 7) continue;
    const same = file.parts.filter((one) => Buffer.concat(one.chunks).equals(Buffer.concat(part.chunks)));
    expect(same).toHaveLength(1);
  }
  const [note] = file.parts.filter(({ number }) => number === 14).slice(-1);
  expect(Buffer.concat(note?.chunks ?? []).toString()).toContain("for a test");
});

test("weights that something else needs stay beside the whole numbers", () => {
  const nodes = [...model.nodes.slice(0, 1), { op: "Mul", inputs: ["c", "b"], outputs: ["y"] }];
  const file = quantized(writeOnnx({ ...model, nodes }));
  expect([file.constants.has("w"), file.constants.has("b")]).toEqual([false, true]);
  const described = { ...model, outputs: [...model.outputs, { name: "w", dims: [2, 2, 1, 1] }] };
  expect(quantized(writeOnnx(described)).constants.has("w")).toBe(true);
});

test("a result that callers know keeps its name for what comes back", () => {
  const nodes = [{ op: "Conv", inputs: ["x", "w", "b"], outputs: ["y"] }];
  const file = quantized(writeOnnx({ ...model, nodes }), { ranges: { x: seen.x, y: seen.c } });
  expect(makerOf(file, "y").op).toBe("DequantizeLinear");
  expect(theOne(file, "Conv").outputs).toEqual([expect.stringMatching(/^y_raw/)]);
});

test("weights that two share are quantized once, a bias for each", () => {
  const nodes = [
    { op: "Conv", inputs: ["x", "w", "b"], outputs: ["c"] },
    { op: "Conv", inputs: ["c", "w", "b"], outputs: ["y"] },
  ];
  const file = quantized(writeOnnx({ ...model, nodes }), { ranges: { ...seen, y: { min: 0, max: 1 } } });
  const [first, second] = file.nodes.filter(({ op }) => op === "Conv");
  expect(first?.inputs[1]).toBe(second?.inputs[1]);
  expect(first?.inputs[2]).not.toBe(second?.inputs[2]);
});

test("each kind of channels has its own way back where boxes and scores lie side by side", () => {
  const channels = {
    c: [
      { min: 0, max: 25.5 },
      { min: -0.255, max: 0 },
    ],
  };
  const file = quantized(writeOnnx(model), { channels });
  const [taken = ""] = theOne(file, "Softplus").inputs;
  const back = makerOf(file, taken);
  expect(taken).toBe("c");
  expect(intOf(back, "axis")).toBe(1);
  const there = makerOf(file, back.inputs[0] ?? "");
  expect([numbersIn(file, there.inputs[1] ?? ""), numbersIn(file, there.inputs[2] ?? "")]).toEqual([
    [1],
    [0],
  ]);
  expect(numbersIn(file, back.inputs[1] ?? "")).toEqual(near([0.1, 0.001]));
  expect(numbersIn(file, back.inputs[2] ?? "")).toEqual([0, 255]);
  // The weights are the same whole numbers in other steps; the bias brings each channel to its zero point.
  const [, weight = "", bias = ""] = theOne(file, "Conv").inputs;
  const [weights = "", scales = ""] = makerOf(file, weight).inputs;
  expect(numbersIn(file, weights)).toEqual([127, -50, 127, 50]);
  expect(numbersIn(file, scales)).toEqual(near([0.1, 2]));
  const [biases = "", biasScales = ""] = makerOf(file, bias).inputs;
  const added = numbersIn(file, biases).map(
    (whole, index) => whole * (numbersIn(file, biasScales)[index] ?? 0),
  );
  expect(added).toEqual([expect.closeTo(5, 2), expect.closeTo(5, 1)]);
});

test("names that the graph has already are not given twice", () => {
  const taken = { name: "x_quantized", dims: [1], data: [1] };
  const file = quantized(writeOnnx({ ...model, weights: [...(model.weights ?? []), taken] }));
  const made = file.nodes.flatMap(({ outputs }) => outputs);
  expect(new Set([...made, ...file.constants.keys()]).size).toBe(made.length + file.constants.size);
});

test("where a branch of the graph may see all names, the floats stay", () => {
  const branch = messagePart(5, [textPart(1, "then_branch"), messagePart(6, []), numberPart(20, 5)]);
  const node = messagePart(1, [textPart(1, "y"), textPart(2, "z"), textPart(4, "If"), branch]);
  const bytes = Buffer.from(writeOnnx(model));
  const parts = readGraphFile(bytes).parts.map((part) =>
    part.number === 7 ? bytesPart(7, [part.body ?? Buffer.alloc(0), ...node.chunks]) : part,
  );
  const file = quantized(Buffer.concat(chunksOf(parts)));
  expect([file.constants.has("w"), file.constants.has("b")]).toEqual([true, true]);
});

test("a tensor that was never a finite number cannot be quantized", () => {
  for (const ranges of [
    { x: seen.x, c: { min: 0, max: Infinity } },
    { x: seen.x, c: { min: Number.NaN, max: 1 } },
    { x: seen.x },
  ]) {
    expect(() => quantized(writeOnnx(model), { ranges })).toThrow(
      expect.objectContaining({ code: "model_unusable", message: expect.stringContaining("'c'") }),
    );
  }
  const channels = { c: [seen.c, { min: 0, max: Infinity }] };
  expect(() => quantized(writeOnnx(model), { channels })).toThrow("not finite");
});
