import { expect, test } from "vitest";
import type { Tensor, Tensors } from "#inference/contract.ts";
import { planModel } from "#inference/models/metadata.ts";
import { readOnnx } from "#inference/models/onnx.ts";
import { warmUp } from "#inference/models/warm-up.ts";
import { colourModel } from "#test/support/colour-model.ts";
import type { WrittenModel } from "#test/support/onnx-writer.ts";

const plan = (changes: Partial<WrittenModel> = {}) => planModel(readOnnx(colourModel(changes)));
const { signal } = new AbortController();

/** Answers every run with the same tensors, and remembers what it was given. */
function engineOf(outputs: Tensors) {
  const given: Tensors[] = [];
  return {
    given,
    run: async (inputs: Tensors) => {
      given.push(inputs);
      return { outputs };
    },
  };
}

const floats = (shape: readonly number[], value = 0): Tensor => ({
  datatype: "FP32",
  shape,
  data: new Float32Array(shape.reduce((product, side) => product * side, 1)).fill(value),
});

test.each([
  [1, "FP32", Float32Array],
  [10, "FP16", Uint16Array],
  [2, "UINT8", Uint8Array],
])("a model whose input has ONNX type %i is warmed with zeros of %s", async (type, datatype, kind) => {
  const engine = engineOf({ output0: floats([1, 7, 4]) });
  const planned = plan({ inputs: [{ name: "images", type, dims: [1, 3, 64, 64] }] });
  expect(await warmUp(engine, planned, { signal })).toEqual({
    task: "detect",
    input: { width: 64, height: 64 },
    precision: "fp32",
    names: ["red", "green", "blue"],
  });
  expect(engine.given).toEqual([{ images: { datatype, shape: [1, 3, 64, 64], data: new kind(12_288) } }]);
});

test("a classifier that answers with logits is found at start and not by its first caller", async () => {
  const planned = plan({
    outputs: [{ name: "output0", dims: [1, 3] }],
    metadata: { task: "classify", names: "['a', 'b', 'c']" },
  });
  await expect(warmUp(engineOf({ output0: floats([1, 3], 7) }), planned, { signal })).rejects.toMatchObject({
    code: "model_unusable",
    hint: expect.stringContaining("softmax"),
  });
  expect(await warmUp(engineOf({ output0: floats([1, 3], 1 / 3) }), planned, { signal })).toMatchObject({
    task: "classify",
  });
});

test("a first answer of another type, of another shape or without an output is refused", async () => {
  const answers: Tensors[] = [
    { output0: { datatype: "INT32", shape: [1, 7, 4], data: new Int32Array(28) } },
    { output0: floats([1, 8, 4]) },
    {},
  ];
  for (const outputs of answers) {
    await expect(warmUp(engineOf(outputs), plan(), { signal })).rejects.toMatchObject({
      code: "model_unusable",
    });
  }
});

test("a model that fails on its first run is unusable, unless nobody waits for it any more", async () => {
  const failure = new Error("as told");
  const engine = { run: () => Promise.reject(failure) };
  await expect(warmUp(engine, plan(), { signal })).rejects.toMatchObject({
    code: "model_unusable",
    message: "the model failed on its first run with an input of [1, 3, 64, 64]",
    cause: failure,
  });
  await expect(warmUp(engine, plan(), { signal: AbortSignal.abort() })).rejects.toBe(failure);
});
