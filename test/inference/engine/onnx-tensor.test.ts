import { expect, test } from "vitest";
import type { Tensor } from "#inference/contract.ts";
import { fromOnnx, toFeeds } from "#inference/engine/onnx-tensor.ts";

const shape = [2];
const tensors: readonly Tensor[] = [
  { datatype: "BOOL", shape, data: Uint8Array.of(0, 1) },
  { datatype: "UINT8", shape, data: Uint8Array.of(1, 255) },
  { datatype: "UINT16", shape, data: Uint16Array.of(1, 65_535) },
  { datatype: "UINT32", shape, data: Uint32Array.of(1, 4_294_967_295) },
  { datatype: "UINT64", shape, data: BigUint64Array.of(1n, 2n ** 64n - 1n) },
  { datatype: "INT8", shape, data: Int8Array.of(-128, 127) },
  { datatype: "INT16", shape, data: Int16Array.of(-1, 1) },
  { datatype: "INT32", shape, data: Int32Array.of(-1, 1) },
  { datatype: "INT64", shape, data: BigInt64Array.of(-1n, 2n ** 62n) },
  { datatype: "FP16", shape, data: Uint16Array.of(0x3c00, 0xc000) },
  { datatype: "FP32", shape, data: Float32Array.of(0.5, -1) },
  { datatype: "FP64", shape, data: Float64Array.of(0.1, Number.NaN) },
  { datatype: "BYTES", shape, data: ["é", "\ufeffmarked"].map((text) => new TextEncoder().encode(text)) },
];

test.each(tensors)("a $datatype tensor goes to onnxruntime and comes back as it was", (tensor) => {
  expect(fromOnnx(toFeeds({ x: tensor }))).toEqual({ x: tensor });
});

test("what onnxruntime has no type for is refused by name", () => {
  const half: Tensor = { datatype: "BF16", shape: [1], data: Uint16Array.of(1) };
  expect(() => toFeeds({ half })).toThrow("input 'half' is BF16");
  const rubbish: Tensor = { datatype: "BYTES", shape: [1], data: [Uint8Array.of(0xff)] };
  expect(() => toFeeds({ rubbish })).toThrow(TypeError);
});
