import { expect, test } from "vitest";
import { readOnnx } from "#inference/models/onnx.ts";
import { colourModel } from "#test/support/colour-model.ts";
import { seededRandom } from "#test/support/random.ts";

test("a model file tells its tensors, operators, metadata and opset", () => {
  const file = readOnnx(colourModel());
  expect(file.inputs).toEqual([{ name: "images", elementType: "float32", dims: [1, 3, 64, 64] }]);
  expect(file.outputs).toEqual([{ name: "output0", elementType: "float32", dims: [1, 7, 4] }]);
  expect([...file.operators]).toEqual(["ReduceMean", "Unsqueeze", "Mul", "Concat"]);
  expect(file.metadata.get("task")).toBe("detect");
  expect([...file.weightTypes]).toEqual(["float32"]);
  expect(file.opset).toBe(11);
});

test("a free dimension keeps its name and another type is named", () => {
  const { inputs } = readOnnx(colourModel({ inputs: [{ name: "x", type: 10, dims: ["batch", 3, "", 64] }] }));
  expect(inputs).toEqual([{ name: "x", elementType: "float16", dims: ["batch", 3, "?", 64] }]);
});

test.each([
  ["nothing", Buffer.alloc(0)],
  ["text", Buffer.from("this is no model at all, it is a sentence")],
  ["a JPEG", Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46])],
  ["half a model", colourModel().subarray(0, 200)],
])("%s is refused as no ONNX model", (_, bytes) => {
  expect(() => readOnnx(bytes)).toThrow(expect.objectContaining({ code: "model_unusable" }));
});

test("a damaged model is read or refused, and nothing else happens", () => {
  const random = seededRandom(3);
  const whole = colourModel();
  for (let round = 0; round < 500; round += 1) {
    const bytes = Buffer.from(whole);
    for (let change = 0; change < 4; change += 1)
      bytes[random.integer(0, bytes.length - 1)] = random.integer(0, 255);
    const read = () => readOnnx(bytes.subarray(0, random.integer(0, bytes.length)));
    let code = "read";
    try {
      read();
    } catch (error) {
      code = (error as { readonly code: string }).code;
    }
    expect(["read", "model_unusable"]).toContain(code);
  }
});
