import sharp from "sharp";
import { expect, test } from "vitest";
import type { Tensor, Tensors } from "#inference/contract.ts";
import { type Detector, detectImage } from "#inference/detect-image.ts";
import type { RunOptions } from "#inference/engine/engine.ts";
import { detectDefaults } from "#inference/heads/detect.ts";
import { createSpareTensors } from "#inference/image/tensor.ts";
import { planModel } from "#inference/models/metadata.ts";
import { readOnnx } from "#inference/models/onnx.ts";
import { colourModel } from "#test/support/colour-model.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import type { WrittenModel } from "#test/support/onnx-writer.ts";

const { signal } = new AbortController();
const options = detectDefaults;

/** A detector whose engine answers every run with the same tensors. */
function detectorOf(changes: Partial<WrittenModel>, outputs: Tensors) {
  const runs: { readonly inputs: Tensors; readonly options: RunOptions }[] = [];
  const plan = planModel(readOnnx(colourModel(changes)));
  const detector: Detector = {
    plan,
    info: {
      name: "m",
      version: "1",
      task: plan.task,
      input: plan.input,
      precision: "fp32",
      names: plan.names ?? [],
    },
    clock: createFakeClock(),
    spares: createSpareTensors(1),
    engine: {
      run: async (inputs, given) => {
        runs.push({ inputs, options: given });
        return { outputs, queueMs: 2, inferenceMs: 3, batch: 4, spent: inputs };
      },
    },
  };
  return { detector, runs };
}

const wide = sharp({ create: { width: 128, height: 64, channels: 3, background: "#ff0000" } })
  .png()
  .toBuffer();

test("a classifier is shown the middle of the image and answers with the whole of it", async () => {
  const output0: Tensor = { datatype: "FP32", shape: [1, 2], data: Float32Array.of(0.25, 0.75) };
  const { detector, runs } = detectorOf(
    {
      outputs: [{ name: "output0", dims: [1, 2] }],
      metadata: { task: "classify", names: "['cat', 'dog']" },
    },
    { output0 },
  );
  const answer = await detectImage(await wide, detector, { options, signal });
  expect(answer).toEqual({
    image: { width: 128, height: 64 },
    detections: [{ name: "dog", class: 1, score: 0.75, box: { x1: 0, y1: 0, x2: 128, y2: 64 } }],
    timings: { queue: 2, preprocess: 0, inference: 3, postprocess: 0 },
    batch: 4,
  });
  // No grey: red from the first row to the last.
  const images = runs[0]?.inputs.images;
  expect(images?.shape).toEqual([1, 3, 64, 64]);
  expect([images?.data[0], images?.data[4095], images?.data[4096]]).toEqual([1, 1, 0]);
});

test("a model of bytes is given bytes, with the run's priority and time, and their memory is used again", async () => {
  const { detector, runs } = detectorOf(
    { inputs: [{ name: "images", type: 2, dims: [1, 3, 64, 64] }] },
    { output0: { datatype: "FP32", shape: [1, 7, 4], data: new Float32Array(28) } },
  );
  const request = { options, signal, priority: 2, timeoutMs: 50 };
  expect((await detectImage(await wide, detector, request)).detections).toEqual([]);
  await detectImage(await wide, detector, { options, signal });
  expect(runs.map((run) => run.options)).toEqual([
    { signal, priority: 2, timeoutMs: 50 },
    { signal, priority: 0 },
  ]);
  const [first, second] = runs.map((run) => run.inputs.images);
  expect(first?.datatype).toBe("UINT8");
  expect(second?.data).toBe(first?.data);
});

test("an image that nobody waits for any more is decoded at most, and never run", async () => {
  const { detector, runs } = detectorOf({}, {});
  const left = { options, signal: AbortSignal.abort() };
  await expect(detectImage(await wide, detector, left)).rejects.toMatchObject({ code: "caller_left" });
  expect(runs).toEqual([]);
});
