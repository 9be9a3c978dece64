import { expect, test } from "vitest";
import { describeFace } from "#inference/protocol/describe-face.ts";
import { modelMetadataSchema } from "#test/support/open-inference-schemas.ts";

const face = {
  name: "m",
  platform: "onnxruntime_onnx",
  inputs: [{ name: "images", datatype: "FP32", shape: [-1, 3, 640, 640] }],
  outputs: [{ name: "output0", datatype: "FP32", shape: [-1, 84, 8400] }],
  parameters: { task: "detect", input_width: 640 },
} as const;

test("a face is described with all its versions and tensors", () => {
  const described = describeFace(face, ["1", "3"]);
  expect(modelMetadataSchema.parse(described)).toEqual({
    name: "m",
    versions: ["1", "3"],
    platform: "onnxruntime_onnx",
    inputs: [{ name: "images", datatype: "FP32", shape: [-1, 3, 640, 640] }],
    outputs: [{ name: "output0", datatype: "FP32", shape: [-1, 84, 8400] }],
    parameters: { task: "detect", input_width: 640 },
  });
});

test("a face with nothing else to say has no parameters", () => {
  expect(Object.keys(describeFace({ ...face, parameters: {} }, ["1"]))).toEqual([
    "name",
    "versions",
    "platform",
    "inputs",
    "outputs",
  ]);
});

test("what a face knows beside a tensor's name, type and shape stays inside", () => {
  const inputs = [{ ...face.inputs[0], secret: true }];
  modelMetadataSchema.parse(describeFace({ ...face, inputs }, ["1"]));
});
