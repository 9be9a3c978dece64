import { expect, test } from "vitest";
import { confirmModel, planModel } from "#inference/models/metadata.ts";
import { readOnnx } from "#inference/models/onnx.ts";
import type { Declared } from "#inference/models/statements.ts";
import { colourModel } from "#test/support/colour-model.ts";
import type { WrittenModel } from "#test/support/onnx-writer.ts";

const plan = (changes: Partial<WrittenModel> = {}, declared: Declared = {}) =>
  planModel(readOnnx(colourModel(changes)), declared);
const names = "{0: 'red', 1: 'green', 2: 'blue'}";

test("a detection export is planned from what its file says", () => {
  expect(plan()).toEqual({
    task: "detect",
    input: { width: 64, height: 64 },
    precision: "fp32",
    inputName: "images",
    inputDatatype: "FP32",
    fit: "letterbox",
    outputNames: ["output0"],
    head: { kind: "detect", output: "output0", layout: "anchors", agnostic: false },
    names: ["red", "green", "blue"],
    batch: 1,
  });
});

test("a plan is plain data, which can be sent to a thread", () => {
  expect(structuredClone(plan())).toEqual(plan());
});

test("free dimensions take their size from imgsz, height first", () => {
  const inputs = [{ name: "images", dims: ["batch", 3, "height", "width"] }];
  expect(plan({ inputs, metadata: { names, imgsz: "[320, 640]" } }).input).toEqual({
    width: 640,
    height: 320,
  });
  expect(plan({ inputs, metadata: { names, imgsz: "320" } }).input).toEqual({ width: 320, height: 320 });
});

test("a batch is free when the input and all outputs leave it open", () => {
  const inputs = [{ name: "images", dims: ["batch", 3, 64, 64] }];
  const outputs = [{ name: "output0", dims: ["batch", 7, "anchors"] }];
  expect(plan({ inputs, outputs }).batch).toBe("free");
  expect(plan({ inputs }).batch).toBe(1);
});

test.each([
  [10, "FP16"],
  [2, "UINT8"],
])("an input of ONNX type %i is filled with %s", (type, datatype) => {
  expect(plan({ inputs: [{ name: "x", type, dims: [1, 3, 64, 64] }] }).inputDatatype).toBe(datatype);
});

test("what is declared beside a file goes before what the file says", () => {
  const inputs = [{ name: "images", dims: [1, 3, "h", "w"] }];
  const declared = { names: ["a", "b", "c"], imageSize: { width: 96, height: 32 }, task: "detect" as const };
  const metadata = { task: "pose", names, imgsz: "640" };
  expect(plan({ inputs, metadata }, declared)).toMatchObject({
    task: "detect",
    names: ["a", "b", "c"],
    input: { width: 96, height: 32 },
  });
  expect(plan({ metadata: { names: "open('/etc/passwd')" } }, declared).names).toEqual(["a", "b", "c"]);
});

test("a class without a name keeps its number, and a model without names numbers them all", () => {
  expect(plan({ metadata: { names: "{0: 'a', 2: 'c'}" } }).names).toEqual(["a", "1", "c"]);
  const nameless = plan({ metadata: {}, outputs: [{ name: "o", dims: [1, "rows", "anchors"] }] });
  expect(confirmModel(nameless, { o: [1, 6, 100] }).names).toEqual(["0", "1"]);
});

test("a first run that contradicts the file's names is refused with both shapes", () => {
  expect(() => confirmModel(plan(), { output0: [1, 9, 100] })).toThrow(
    "came out as [1, 9, 100], expected [1, 7, anchors]",
  );
  expect(() => confirmModel(plan({ metadata: {} }), { output0: [1, 100, 7] })).toThrow(
    "expected [1, 4 + classes, anchors]",
  );
  expect(() => confirmModel(plan(), {})).toThrow("'output0' came out as []");
});

test("a pose model's metadata says how many keypoints there are", () => {
  const outputs = [{ name: "output0", dims: [1, 56, 84] }];
  const posed = plan({ outputs, metadata: { task: "pose", names: "{0: 'person'}", kpt_shape: "[17, 3]" } });
  expect(confirmModel(posed, { output0: [1, 56, 84] })).toMatchObject({ task: "pose", keypoints: 17 });
  expect(() => confirmModel(posed, { output0: [1, 57, 84] })).toThrow("expected [1, 4 + 1 + 51, anchors]");
});

test.each<[string, Partial<WrittenModel>]>([
  ["task 'depth' is not served", { metadata: { task: "depth" } }],
  ["0 inputs, expected one", { inputs: [] }],
  [
    "the input is int64, expected float32, float16 or uint8",
    { inputs: [{ name: "x", type: 7, dims: [1, 3, 64, 64] }] },
  ],
  ["the batch is fixed at 8, expected 1 or free", { inputs: [{ name: "x", dims: [8, 3, 64, 64] }] }],
  [
    "the batch is fixed at 4, expected 1 or free",
    { inputs: [{ name: "x", dims: ["n", 3, 64, 64] }], outputs: [{ name: "o", dims: [4, 7, 84] }] },
  ],
  ["the input has 1 channels, expected 3", { inputs: [{ name: "x", dims: [1, 1, 64, 64] }] }],
  ["the input has 2 dimensions, expected 4", { inputs: [{ name: "x", dims: [1, 3] }] }],
  ["the metadata has no `imgsz`", { inputs: [{ name: "x", dims: [1, 3, "h", "w"] }], metadata: {} }],
  ["the input is 64 x 9000 pixels", { inputs: [{ name: "x", dims: [1, 3, 9000, 64] }] }],
  [
    "the output is int64, expected float32 or float16",
    { outputs: [{ name: "o", type: 7, dims: [1, 7, 84] }] },
  ],
  ["the metadata's `names` cannot be read", { metadata: { names: "open('/etc/passwd')" } }],
  ["are no list of names", { metadata: { names: "{-1: 'a'}" } }],
  ["are no list of names", { metadata: { names: "{100000: 'a'}" } }],
  ["are no list of names", { metadata: { names: "[]" } }],
  [
    "`kpt_shape` is not [keypoints, 2] or [keypoints, 3]",
    { metadata: { task: "pose", kpt_shape: "[17, 4]" } },
  ],
  [
    "`kpt_shape` is not [keypoints, 2] or [keypoints, 3]",
    { metadata: { task: "pose", kpt_shape: "(1000000000, 3)" } },
  ],
])("a model is refused with %j and all that was seen of it", (problem, changes) => {
  const refusal = {
    code: "model_unusable",
    message: expect.stringContaining(problem),
    hint: expect.stringContaining("it would need"),
  };
  expect(() => plan(changes)).toThrow(expect.objectContaining(refusal));
  expect(() => plan(changes)).toThrow(/cannot be served: .*inputs: .*; outputs: .*; metadata: .*; opset 11/);
});

test("an empty list of names beside the file is refused", () => {
  expect(() => plan({}, { names: [] })).toThrow("0 class names are declared");
});

test("quantized operators make a model int8", () => {
  const nodes = [{ op: "DequantizeLinear", inputs: ["images"], outputs: ["output0"] }];
  expect(plan({ nodes }).precision).toBe("int8");
});
