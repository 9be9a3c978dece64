import { expect, test } from "vitest";
import { bytesPart, chunksOf, messagePart, numberPart, textPart } from "#inference/quantize/onnx/parts.ts";
import { quantizeBytes } from "#inference/quantize/quantize-bytes.ts";
import { type WrittenModel, writeOnnx } from "#test/support/onnx-writer.ts";

const model: WrittenModel = {
  inputs: [{ name: "x", dims: [1, 1, 2, 2] }],
  outputs: [{ name: "y", dims: [1, 1, 2, 2] }],
  nodes: [{ op: "Conv", inputs: ["x", "w"], outputs: ["y"] }],
  weights: [{ name: "w", dims: [1, 1, 1, 1], data: [2] }],
};

function quantized(bytes: Uint8Array): Promise<unknown> {
  return quantizeBytes(bytes, {
    images: async function* () {},
    ...{ calibration: "minmax", target: "x64", note: "", signal: new AbortController().signal },
    place: async () => {
      throw new Error("it got as far as the runtime");
    },
  });
}

test("a model that can be quantized gets as far as the runtime", async () => {
  await expect(quantized(writeOnnx(model))).rejects.toThrow("as far as the runtime");
});

test("an opset without a scale for each channel is refused with what to do", async () => {
  const refused = quantized(writeOnnx({ ...model, opset: 12 }));
  await expect(refused).rejects.toMatchObject({
    code: "model_unusable",
    hint: "export it with opset 13 or later",
  });
});

test.each(["QuantizeLinear", "DynamicQuantizeLinear", "QLinearConv", "ConvInteger"])(
  "a model with %s is quantized already",
  async (op) => {
    const nodes = [...model.nodes, { op, inputs: ["y"], outputs: ["z"] }];
    await expect(quantized(writeOnnx({ ...model, nodes }))).rejects.toThrow(`it holds ${op}`);
  },
);

test("a model without weights has nothing to quantize", async () => {
  const nodes = [{ op: "Relu", inputs: ["x"], outputs: ["y"] }];
  await expect(quantized(writeOnnx({ ...model, nodes }))).rejects.toMatchObject({ code: "model_unusable" });
});

test("weights in another file are refused before anybody opens that file", async () => {
  const away = messagePart(5, [
    ...[1, 1, 1, 1].map((dim) => numberPart(1, dim)),
    ...[numberPart(2, 1), textPart(8, "w"), numberPart(14, 1)],
    messagePart(13, [textPart(1, "location"), textPart(2, "/etc/hostname")]),
  ]);
  const node = messagePart(1, [textPart(1, "x"), textPart(1, "w"), textPart(2, "y"), textPart(4, "Conv")]);
  const opset = messagePart(8, [textPart(1, ""), numberPart(2, 17)]);
  const bytes = Buffer.concat(chunksOf([messagePart(7, [node, away]), opset, bytesPart(99, [])]));
  await expect(quantized(bytes)).rejects.toThrow("its weights lie in another file ('w')");
});
