import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Tensors } from "#inference/contract.ts";
import { toFeeds } from "#inference/engine/onnx-tensor.ts";
import { countKernels } from "#inference/quantize/measure/count-kernels.ts";
import type { Chunks } from "#inference/quantize/onnx/parts.ts";
import { openSession } from "#inference/quantize/open-session.ts";
import { type QuantizeOptions, quantizeBytes } from "#inference/quantize/quantize-bytes.ts";
import {
  type WrittenModel,
  type WrittenNode,
  type WrittenWeight,
  writeOnnx,
} from "#test/support/onnx-writer.ts";
import { seededRandom } from "#test/support/random.ts";
import { yolov8nShape } from "#test/support/yolov8n-shape.ts";

const signal = new AbortController().signal;
const random = seededRandom(82);

function weight(name: string, ...dims: number[]): WrittenWeight {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return { name, dims, data: Array.from({ length: count }, () => random.between(-0.5, 0.5)) };
}

const weights = [
  ...[weight("w", 8, 8, 3, 3), weight("deep", 8, 1, 3, 3), weight("last", 6, 8, 1, 1), weight("b", 8)],
  ...[weight("six", 6), { name: "zero", dims: [], data: [0] }, { name: "top", dims: [], data: [6] }],
  ...[weight("matrix", 8, 8), { name: "flat", dims: [2], data: BigInt64Array.of(1n, 8n) }],
];

const pads = { pads: [1, 1, 1, 1], kernel_shape: [3, 3] };
const conv = (from: string, to: string, kernel = "w"): WrittenNode => ({
  ...{ op: "Conv", inputs: [from, kernel, "b"], outputs: [to], ints: pads },
  int: { group: kernel === "deep" ? 8 : 1 },
});
const last = (from: string): WrittenNode => ({
  ...{ op: "Conv", inputs: [from, "last", "six"], outputs: ["y"], ints: { kernel_shape: [1, 1] } },
});
const op = (name: string, inputs: readonly string[], to: string): WrittenNode => ({
  op: name,
  inputs,
  outputs: [to],
});

type Outcome = { readonly kernels: Readonly<Record<string, number>>; readonly worst: number };

/** What the runtime makes of a quantized graph, and how far its answers to the calibration's images lie from the original's. */
async function outcome(model: WrittenModel | Buffer, more: Partial<QuantizeOptions> = {}): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), "kernels-"));
  await using resources = new AsyncDisposableStack();
  resources.defer(() => rm(folder, { recursive: true }));
  const bytes = Buffer.isBuffer(model) ? model : writeOnnx(model);
  const images = Buffer.isBuffer(model) ? [noise("images", 3, 640)] : [noise("x", 8, 16), noise("x", 8, 16)];
  const put = async (name: string, chunks: Chunks) => {
    await writeFile(join(folder, name), chunks);
    return join(folder, name);
  };
  const quantized = await quantizeBytes(bytes, {
    images: async function* () {
      yield* images;
    },
    ...{ calibration: "minmax", target: "x64", note: "", signal },
    place: (chunks) => put("exposed.onnx", chunks),
    ...more,
  });
  const [before, after] = [await put("before.onnx", [bytes]), await put("after.onnx", quantized)];
  const kernels = await countKernels(after, join(folder, "optimized.onnx"));
  const [expected, got] = [await answers(before, images), await answers(after, images)];
  const size = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const worst = expected.reduce(
    (most, value, index) => Math.max(most, Math.abs(value - (got[index] ?? 0))),
    0,
  );
  return { kernels, worst: worst / size };
}

function noise(name: string, channels: number, side: number): Tensors {
  const data = Float32Array.from({ length: channels * side * side }, () => random.between(0, 1));
  return { [name]: { datatype: "FP32", shape: [1, channels, side, side], data } };
}

async function answers(path: string, images: readonly Tensors[]): Promise<number[]> {
  const session = await openSession(path, { threads: 1 });
  const all: number[] = [];
  for (const image of images) {
    const [output] = Object.values(await session.run(toFeeds(image)));
    if (output?.data instanceof Float32Array) for (const value of output.data) all.push(value);
  }
  await session.release();
  return all;
}

function graph(nodes: readonly WrittenNode[], opset = 17): WrittenModel {
  const inputs = [{ name: "x", dims: [1, 8, 16, 16] }];
  return { inputs, outputs: [{ name: "y", dims: [1, 6, 16, 16] }], nodes, weights, opset };
}

const silu = [conv("x", "c"), op("Sigmoid", ["c"], "s"), op("Mul", ["c", "s"], "m"), last("m")];

test.each([13, 17, 19, 21])(
  "a SiLU between convolutions runs as whole numbers with opset %i",
  async (opset) => {
    const { kernels, worst } = await outcome(graph(silu, opset));
    expect(kernels).toMatchObject({ QLinearConv: 2, QLinearSigmoid: 1, QLinearMul: 1 });
    expect(kernels).not.toHaveProperty("Conv");
    expect(worst).toBeLessThan(0.03);
  },
);

test.each([
  ["Relu", op("Relu", ["c"], "r")],
  ["Clip from 0 to 6", op("Clip", ["c", "zero", "top"], "r")],
])("a %s after a convolution is a part of its kernel", async (_, activation) => {
  const { kernels, worst } = await outcome(graph([conv("x", "c"), activation, last("r")]));
  expect(kernels).toMatchObject({ QLinearConv: 2 });
  expect(Object.keys(kernels).filter((name) => /Relu|Clip|Conv$/.test(name))).toEqual(["QLinearConv"]);
  expect(worst).toBeLessThan(0.03);
});

test("a convolution for each channel, a sum, a pool and a concatenation run as whole numbers", async () => {
  const nodes = [
    conv("x", "c"),
    conv("c", "d", "deep"),
    op("Add", ["c", "d"], "a"),
    { op: "MaxPool", inputs: ["a"], outputs: ["p"], ints: pads },
    { op: "Concat", inputs: ["p", "d"], outputs: ["j"], int: { axis: 2 } },
    last("j"),
  ];
  const { kernels, worst } = await outcome(graph(nodes));
  expect(kernels).toMatchObject({ QLinearConv: 3, QLinearAdd: 1, QLinearConcat: 1 });
  expect(worst).toBeLessThan(0.05);
});

test("a classifier's last matrix runs as whole numbers", async () => {
  const nodes = [
    ...[conv("x", "c"), op("GlobalAveragePool", ["c"], "g"), op("Reshape", ["g", "flat"], "f")],
    { op: "Gemm", inputs: ["f", "matrix", "b"], outputs: ["z"], int: { transB: 1 } },
    op("Softmax", ["z"], "y"),
  ];
  const { kernels, worst } = await outcome({ ...graph(nodes), outputs: [{ name: "y", dims: [1, 8] }] });
  expect(kernels).toMatchObject({ QLinearConv: 1, QLinearGlobalAveragePool: 1, QGemm: 1 });
  expect(worst).toBeLessThan(0.05);
});

test("a convolution whose result callers take runs as whole numbers too", async () => {
  const { kernels } = await outcome(graph([conv("x", "c"), last("c")]));
  expect(kernels).toMatchObject({ QLinearConv: 2, DequantizeLinear: 1 });
});

test("boxes and scores side by side have a scale each in the same kernel, and lie nearer", async () => {
  const wide = weights.map((one) => {
    if (one.name !== "six") return one;
    return { ...one, data: [200, 300, 0, 0, 0, 0] };
  });
  const nodes = [...silu.slice(0, 3), { ...last("m"), outputs: ["h"] }, op("Sigmoid", ["h"], "y")];
  const model = { ...graph(nodes), weights: wide };
  const [plain, mixed] = [await outcome(model), await outcome(model, { mixture: [2, 4] })];
  expect(mixed.kernels).toMatchObject({ QLinearConv: 2, QLinearMul: 1 });
  expect(mixed.kernels.QLinearConv).toBe(plain.kernels.QLinearConv);
  expect(mixed.worst).toBeLessThan(plain.worst / 4);
  const signed = await outcome(model, { mixture: [2, 4], target: "arm64" });
  expect(signed.worst).toBeLessThan(plain.worst / 4);
});

test("seven bits of weight and signed numbers give the same answers, hardly coarser", async () => {
  for (const target of ["x64-no-vnni", "arm64"] as const) {
    expect((await outcome(graph(silu), { target })).worst).toBeLessThan(0.04);
  }
});

test("the YOLOv8n shape has as many kernels for whole numbers as the published quantizer gives it", async () => {
  const { kernels } = await outcome(yolov8nShape());
  expect(kernels).toMatchObject({
    ...{ QLinearConv: 63, QLinearSigmoid: 57, QLinearMul: 57, QLinearAdd: 6, QLinearConcat: 13 },
    ...{ NhwcMaxPool: 3, Conv: 1, Resize: 2 },
  });
});
