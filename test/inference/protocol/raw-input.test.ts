import { expect, test } from "vitest";
import type { Datatype, TensorSpec } from "#inference/contract.ts";
import { type ReadOptions, readRequest, refusalOf } from "#test/support/infer-messages.ts";

const spec = (shape: readonly number[], datatype: Datatype = "FP32"): ReadOptions => ({
  inputs: [{ name: "x", datatype, shape }],
});
const raw = (bytes: number, options: ReadOptions) =>
  readRequest({ head: "", behind: Buffer.alloc(bytes), headerLength: "0" }, options);
const shapeOf = (bytes: number, options: ReadOptions) => raw(bytes, options).inputs.x?.shape;

test("a raw request is the one input's bytes, and all outputs come back in binary", () => {
  expect(raw(8, spec([1, 2]))).toEqual({
    id: undefined,
    parameters: {},
    inputs: { x: { datatype: "FP32", shape: [1, 2], data: new Float32Array(2) } },
    inputParameters: { x: {} },
    outputs: undefined,
    binaryByDefault: true,
    priority: 0,
    timeoutMs: undefined,
  });
});

test("one free dimension follows from the size of a raw request", () => {
  expect(shapeOf(24, spec([-1, 2]))).toEqual([3, 2]);
  expect(shapeOf(24, spec([2, -1], "UINT8"))).toEqual([2, 12]);
  expect(shapeOf(0, spec([-1, 2]))).toEqual([0, 2]);
});

test("a raw request to a model that takes batches is a batch of one", () => {
  expect(shapeOf(24, { ...spec([-1, -1, 2]), maxBatchSize: 8 })).toEqual([1, 3, 2]);
});

test.each([
  ["[1]", [1], 0],
  ["[n]", [-1], 0],
  ["a batch of one text each", [-1, 1], 4],
])("a raw text for the shape %s stands without its length", (_, shape, maxBatchSize) => {
  const request = raw(5, { ...spec(shape, "BYTES"), maxBatchSize });
  expect(request.inputs.x).toEqual({
    datatype: "BYTES",
    shape: shape.map(() => 1),
    data: [Buffer.alloc(5)],
  });
});

const two: readonly TensorSpec[] = [
  { name: "x", datatype: "FP32", shape: [1] },
  { name: "z", datatype: "FP32", shape: [1] },
];
const mismatch = "input byte size mismatch for input 'x' for model 'm'.";

test.each([
  [
    "a model of two inputs",
    4,
    { inputs: two },
    "Raw request must only have 1 input to be deduced but got 2 inputs for model 'm'",
  ],
  [
    "two free dimensions",
    8,
    spec([-1, -1]),
    "The shape of the raw input 'x' can not be deduced because there are more than one variable-sized dimension",
  ],
  ["a fixed shape of another size", 12, spec([1, 2]), `${mismatch} Expected 8, got 12`],
  ["half a row", 12, spec([-1, 2]), `${mismatch} Expected 8, got 12`],
  ["a shape that holds nothing", 4, spec([-1, 0]), `${mismatch} Expected 0, got 4`],
  [
    "more texts than one",
    4,
    spec([2], "BYTES"),
    "For BYTES datatype raw input 'x', the model must have input shape [1], not [2]",
  ],
  [
    "more bytes than a tensor may have",
    400,
    { ...spec([-1]), maxTensorBytes: 100 },
    "input 'x' has a byte_size (400 bytes) that exceeds the maximum allowed value of 100 bytes",
  ],
])("a raw request for %s is refused", (_, bytes, options, message) => {
  expect(refusalOf(() => raw(bytes, options))).toBe(`request_malformed: ${message}`);
});
