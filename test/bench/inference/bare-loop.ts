import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { decodeImage } from "#inference/image/decode.ts";
import { toTensor } from "#inference/image/tensor.ts";
import type { LoopOptions, LoopOrder, LoopTaken } from "./loop-messages.ts";

/** One thread that does nothing but decode, letterbox and run: no door, no protocol, no head, no queue. */
const { path, inputName, input, files } = workerData as LoopOptions;
const images = files.map((file) => readFileSync(file));

// As the engine's own, written out here, so that the engine cannot get slower and take its measure with it.
const session = await InferenceSession.create(path, {
  executionProviders: ["cpu"],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 4,
  extra: { session: { intra_op: { allow_spinning: "0" } } },
});
let spare: Float32Array = new Float32Array(3 * input.width * input.height);
let next = 0;

parentPort?.on("message", async ({ warmUpMs, windowMs }: LoopOrder) => {
  await loopFor(warmUpMs);
  parentPort?.postMessage(await loopFor(windowMs));
});
parentPort?.postMessage("ready");

async function loopFor(windowMs: number): Promise<LoopTaken> {
  const started = performance.now();
  let images = 0;
  while (performance.now() - started < windowMs) {
    await detectOne();
    images += 1;
  }
  return { images, seconds: (performance.now() - started) / 1000 };
}

async function detectOne(): Promise<void> {
  const { pixels, letterbox } = await decodeImage(images[next % images.length] ?? Buffer.alloc(0), { input });
  next += 1;
  const { data } = toTensor(pixels, letterbox, "FP32", spare);
  if (data instanceof Float32Array) spare = data;
  await session.run({ [inputName]: new Tensor("float32", spare, [1, 3, input.height, input.width]) });
}
