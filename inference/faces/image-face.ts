import { abandoned } from "#inference/abandoned.ts";
import type {
  BackendTimings,
  ImageAnswer,
  ModelInfo,
  Parameters,
  Task,
  TensorSpec,
} from "#inference/contract.ts";
import type { DetectRequest } from "#inference/detect-image.ts";
import type { Face, FaceRequest } from "#inference/face.ts";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import { answerTensors } from "./answer-tensors.ts";
import { readDetectOptions } from "./detect-options.ts";
import { readImages } from "./read-images.ts";

export type ImageFaceOptions = {
  readonly info: ModelInfo;
  readonly platform: string;
  readonly executionProvider: string;
  readonly ready: () => boolean;
  readonly detect: (image: Uint8Array, run: DetectRequest) => Promise<ImageAnswer>;
};

/** The model as callers with images see it: encoded images in, what was found in them out. */
export function imageFace({ info, platform, executionProvider, ready, detect }: ImageFaceOptions): Face {
  return {
    name: info.name,
    version: info.version,
    platform,
    inputs: [{ name: "image", datatype: "BYTES", shape: [-1] }],
    outputs: outputsOf(info.task),
    maxBatchSize: 0,
    parameters: describe(info, executionProvider),
    get ready() {
      return ready();
    },
    infer: async (request) => {
      const images = readImages(request);
      const options = readDetectOptions(request.parameters);
      const answers = await detectAll(images, request, (image, signal) =>
        detect(image, { options, signal, priority: request.priority, timeoutMs: request.timeoutMs }),
      );
      const slowest = slowestOf(answers);
      return {
        outputs: answerTensors(answers, info.task, request.outputs),
        parameters: { precision: info.precision, ...inParameters(slowest) },
        cost: {
          items: images.length,
          queueMs: slowest.queue,
          inputMs: slowest.preprocess,
          inferMs: slowest.inference,
          outputMs: slowest.postprocess,
          batch: Math.max(...answers.map((answer) => answer.batch ?? 1)),
          images: answers,
        },
      };
    },
  };
}

function describe(info: ModelInfo, executionProvider: string): Parameters {
  return {
    names: JSON.stringify(info.names),
    task: info.task,
    precision: info.precision,
    execution_provider: executionProvider,
    input_width: info.input.width,
    input_height: info.input.height,
  };
}

const common: readonly TensorSpec[] = [
  { name: "scores", datatype: "FP32", shape: [-1, -1] },
  { name: "classes", datatype: "INT32", shape: [-1, -1] },
  { name: "counts", datatype: "INT32", shape: [-1] },
  { name: "sizes", datatype: "INT32", shape: [-1, 2] },
];

/** What each task adds to the boxes. */
const extras: Readonly<Record<Task, readonly TensorSpec[]>> = {
  detect: [],
  classify: [],
  segment: [{ name: "masks", datatype: "BYTES", shape: [-1, -1] }],
  pose: [{ name: "keypoints", datatype: "FP32", shape: [-1, -1, -1, 3] }],
  obb: [{ name: "corners", datatype: "FP32", shape: [-1, -1, 4, 2] }],
};

function outputsOf(task: Task): readonly TensorSpec[] {
  return [{ name: "boxes", datatype: "FP32", shape: [-1, -1, 4] }, ...common, ...extras[task]];
}

/** One image that fails fails its request, and the others of it stop waiting; it ends when all have. */
async function detectAll(
  images: readonly Uint8Array[],
  { signal: callerLeft }: FaceRequest,
  detect: (image: Uint8Array, signal: AbortSignal) => Promise<ImageAnswer>,
): Promise<ImageAnswer[]> {
  const [only] = images;
  if (only && images.length === 1) return [await detect(only, callerLeft)];
  const stop = new AbortController();
  const signal = AbortSignal.any([callerLeft, stop.signal]);
  const answers = images.map((image, index) =>
    detect(image, signal).catch((error) => {
      throw inImage(index, error);
    }),
  );
  try {
    return await Promise.all(answers);
  } catch (error) {
    stop.abort();
    // The request's place is given back with its answer, and what is still being decoded would be in nobody's hand.
    await Promise.allSettled(answers);
    throw callerLeft.aborted ? abandoned(callerLeft) : error;
  }
}

function inImage(index: number, thrown: unknown): TradewindError {
  const error = asTradewindError(thrown);
  return new TradewindError(error.code, `image ${index}: ${error.message}`, { cause: error });
}

/** Of several images the slowest counts in each part, since they ran side by side. */
function slowestOf(answers: readonly ImageAnswer[]): BackendTimings {
  const most = (part: keyof BackendTimings): number =>
    Math.max(0, ...answers.map((one) => one.timings[part]));
  return {
    queue: most("queue"),
    preprocess: most("preprocess"),
    inference: most("inference"),
    postprocess: most("postprocess"),
  };
}

function inParameters({ queue, preprocess, inference, postprocess }: BackendTimings): Parameters {
  const rounded = (ms: number): number => Math.round(ms * 1_000) / 1_000;
  return {
    queue_ms: rounded(queue),
    preprocess_ms: rounded(preprocess),
    inference_ms: rounded(inference),
    postprocess_ms: rounded(postprocess),
  };
}
