import type { Clock } from "#infra/runtime/clock.ts";
import { abandoned } from "./abandoned.ts";
import type { Detection, DetectOptions, ImageAnswer, ModelInfo, Tensor } from "./contract.ts";
import type { Pool } from "./engine/pool.ts";
import { readDetections } from "./heads/detect.ts";
import { type DecodedImage, decodeImage } from "./image/decode.ts";
import { fromInput } from "./image/letterbox.ts";
import { toTensor } from "./image/tensor.ts";
import type { ModelPlan } from "./models/metadata.ts";

export type Detector = {
  readonly info: ModelInfo;
  readonly plan: Pick<ModelPlan, "inputName" | "outputName">;
  readonly pool: Pick<Pool, "run">;
  readonly clock: Clock;
};

export type DetectRequest = { readonly options: DetectOptions; readonly signal: AbortSignal };

/** An encoded image in, boxes in its own pixels out. */
export async function detectImage(
  bytes: Uint8Array,
  { info, plan, pool, clock }: Detector,
  { options, signal }: DetectRequest,
): Promise<ImageAnswer> {
  const started = clock.elapsed();
  const decoded = await decodeImage(bytes, { input: info.input });
  const tensor = toTensor(decoded.pixels, decoded.letterbox);
  const preprocessed = clock.elapsed();
  if (signal.aborted) throw abandoned(signal);
  const { outputs, queueMs, inferenceMs } = await pool.run({ [plan.inputName]: tensor }, { signal });
  const answered = clock.elapsed();
  const detections = toDetections(outputs[plan.outputName], decoded, info, options);
  return {
    image: decoded.image,
    detections,
    timings: {
      queue: queueMs,
      preprocess: preprocessed - started,
      inference: inferenceMs,
      postprocess: clock.elapsed() - answered,
    },
  };
}

function toDetections(
  output: Tensor | undefined,
  { image, letterbox }: DecodedImage,
  { names }: ModelInfo,
  options: DetectOptions,
): Detection[] {
  if (!output) return [];
  return readDetections(output, options).map((found) => ({
    name: names[found.class] ?? String(found.class),
    class: found.class,
    score: found.score,
    box: fromInput(found.box, letterbox, image),
  }));
}
