import type { Clock } from "#infra/runtime/clock.ts";
import { abandoned } from "./abandoned.ts";
import type { DetectOptions, ImageAnswer, ModelInfo } from "./contract.ts";
import type { Engine } from "./engine/engine.ts";
import { readHead } from "./heads/read-head.ts";
import { decodeImage } from "./image/decode.ts";
import { type SpareTensors, toTensor } from "./image/tensor.ts";
import type { ModelPlan } from "./models/metadata.ts";

export type Detector = {
  readonly info: ModelInfo;
  readonly plan: ModelPlan;
  readonly engine: Pick<Engine, "run">;
  readonly clock: Clock;
  /** Tensors of earlier images to be filled again. */
  readonly spares: SpareTensors;
};

export type DetectRequest = {
  readonly options: DetectOptions;
  readonly signal: AbortSignal;
  readonly priority?: number | undefined;
  readonly timeoutMs?: number | undefined;
};

/** An encoded image in; what the model finds in it out, in the image's own pixels. */
export async function detectImage(
  bytes: Uint8Array,
  { info, plan, engine, clock, spares }: Detector,
  { options, signal, priority = 0, timeoutMs }: DetectRequest,
): Promise<ImageAnswer> {
  const started = clock.elapsed();
  const { input, fit, inputName, inputDatatype } = plan;
  const { image, letterbox, pixels } = await decodeImage(bytes, { input, fit, signal });
  const spare = spares.take(3 * input.width * input.height);
  const tensor = toTensor(pixels, letterbox, inputDatatype, spare);
  const preprocessed = clock.elapsed();
  if (signal.aborted) throw abandoned(signal);
  const waiting = { signal, priority, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  const answer = await engine.run({ [inputName]: tensor }, waiting);
  spares.giveBack(answer.spent[inputName]?.data);
  const answered = clock.elapsed();
  const reading = { head: plan.head, names: info.names };
  const detections = readHead(reading, answer.outputs, { image, letterbox }, options);
  return {
    image,
    detections,
    timings: {
      queue: answer.queueMs,
      preprocess: preprocessed - started,
      inference: answer.inferenceMs,
      postprocess: clock.elapsed() - answered,
    },
    batch: answer.batch,
  };
}
