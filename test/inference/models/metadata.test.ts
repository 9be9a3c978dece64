import { expect, test } from "vitest";
import { confirmModel, planModel } from "#inference/models/metadata.ts";
import { readOnnx } from "#inference/models/onnx.ts";
import { colourModel } from "#test/support/colour-model.ts";
import type { WrittenModel } from "#test/support/onnx-writer.ts";

const plan = (changes: Partial<WrittenModel> = {}) => planModel(readOnnx(colourModel(changes)));
const names = "{0: 'red', 1: 'green', 2: 'blue'}";

test("a detection export is planned from what its file says", () => {
  expect(plan()).toEqual({
    task: "detect",
    input: { width: 64, height: 64 },
    precision: "fp32",
    inputName: "images",
    outputName: "output0",
    names: ["red", "green", "blue"],
  });
});

test("free dimensions take their size from imgsz, height first", () => {
  const inputs = [{ name: "images", dims: ["batch", 3, "height", "width"] }];
  expect(plan({ inputs, metadata: { names, imgsz: "[320, 640]" } }).input).toEqual({
    width: 640,
    height: 320,
  });
  expect(plan({ inputs, metadata: { names, imgsz: "320" } }).input).toEqual({ width: 320, height: 320 });
});

test("a class without a name keeps its number, and a model without names numbers them all", () => {
  expect(plan({ metadata: { names: "{0: 'a', 2: 'c'}" } }).names).toEqual(["a", "1", "c"]);
  expect(
    confirmModel(plan({ metadata: {}, outputs: [{ name: "o", dims: [1, "rows", "anchors"] }] }), [1, 6, 100])
      .names,
  ).toEqual(["0", "1"]);
});

test("a first run that contradicts the file's names is refused with both shapes", () => {
  expect(() => confirmModel(plan(), [1, 9, 100])).toThrow(
    "came out as [1, 9, 100], expected [1, 7, anchors]",
  );
  expect(() => confirmModel(plan({ metadata: {} }), [1, 100, 7])).toThrow(
    "expected [1, 4 + classes, anchors]",
  );
});

test.each<[string, Partial<WrittenModel>]>([
  ["task 'pose' is not served yet", { metadata: { task: "pose" } }],
  [
    "2 outputs, expected one",
    {
      outputs: [
        { name: "a", dims: [1, 7, 4] },
        { name: "b", dims: [1, 32, 9, 9] },
      ],
    },
  ],
  ["0 inputs, expected one", { inputs: [] }],
  ["the input is float16, expected float32", { inputs: [{ name: "x", type: 10, dims: [1, 3, 64, 64] }] }],
  ["the batch is fixed at 8, expected 1 or free", { inputs: [{ name: "x", dims: [8, 3, 64, 64] }] }],
  ["the input has 1 channels, expected 3", { inputs: [{ name: "x", dims: [1, 1, 64, 64] }] }],
  ["the input has 2 dimensions, expected 4", { inputs: [{ name: "x", dims: [1, 3] }] }],
  ["the metadata has no `imgsz`", { inputs: [{ name: "x", dims: [1, 3, "h", "w"] }], metadata: {} }],
  ["the input is 64 x 9000 pixels", { inputs: [{ name: "x", dims: [1, 3, 9000, 64] }] }],
  ["last dimension 6", { outputs: [{ name: "o", dims: [1, 300, 6] }] }],
  ["the output has 2 dimensions, expected 3", { outputs: [{ name: "o", dims: [1, 10] }] }],
  ["3 class names ask for 7", { outputs: [{ name: "o", dims: [1, 84, 8400] }] }],
  ["the metadata's `names` cannot be read", { metadata: { names: "open('/etc/passwd')" } }],
  ["are no list of names", { metadata: { names: "{-1: 'a'}" } }],
])("a model is refused with %j and all that was seen of it", (problem, changes) => {
  const refusal = {
    code: "model_unusable",
    message: expect.stringContaining(problem),
    hint: expect.stringContaining("it would need"),
  };
  expect(() => plan(changes)).toThrow(expect.objectContaining(refusal));
  expect(() => plan(changes)).toThrow(/inputs: .*; outputs: .*; metadata: .*; opset 11/);
});

test("quantized operators make a model int8", () => {
  const nodes = [{ op: "DequantizeLinear", inputs: ["images"], outputs: ["output0"] }];
  expect(plan({ nodes }).precision).toBe("int8");
});
