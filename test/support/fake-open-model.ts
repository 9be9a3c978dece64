import type { Detection, ImageAnswer, ModelInfo } from "#inference/contract.ts";
import type { Face } from "#inference/face.ts";
import { imageFace } from "#inference/faces/image-face.ts";
import { plainSettings } from "#inference/models/model-settings.ts";
import type { ModelFile } from "#inference/models/repository.ts";
import type { OpenModel, OpenModelOptions } from "#inference/open-model.ts";
import type { Detect } from "#inference/serve-model.ts";

export type FakeModels = {
  /** In the place of the real one, for what opens models. */
  readonly open: (file: ModelFile, options: OpenModelOptions) => Promise<OpenModel>;
  /** What happened, in order: `opened digits 1`, `closed digits 1`. */
  readonly events: string[];
  /** Answers every image from now on. */
  detect: Detect;
  /** Waited for before a model is open. */
  opening: () => Promise<void>;
};

export const detection: Detection = {
  name: "seven",
  class: 1,
  score: 0.8,
  box: { x1: 1, y1: 2, x2: 3, y2: 4 },
};

export const imageAnswer: ImageAnswer = {
  image: { width: 16, height: 16 },
  detections: [detection],
  timings: { queue: 1, preprocess: 2, inference: 3, postprocess: 4 },
};

/** Models without an engine, which see what a test says. */
export function createFakeModels(): FakeModels {
  const fake: FakeModels = {
    events: [],
    detect: () => Promise.resolve(imageAnswer),
    opening: () => Promise.resolve(),
    open: async (file, options) => {
      await fake.opening();
      fake.events.push(`opened ${file.name} ${file.version}`);
      return openFake(file, options, fake);
    },
  };
  return fake;
}

function openFake({ name, version }: ModelFile, options: OpenModelOptions, fake: FakeModels): OpenModel {
  const input = { width: 16, height: 16 };
  const info: ModelInfo = {
    name,
    version,
    task: "detect",
    names: ["six", "seven"],
    input,
    precision: "fp32",
  };
  const seeing: Detect = (image, run) => fake.detect(image, run);
  const detect = options.aroundDetect?.(seeing) ?? seeing;
  const face = { info, platform: "fake", executionProvider: "cpu", ready: () => true, detect };
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => void fake.events.push(`closed ${name} ${version}`);
  const closeOnce = (): Promise<void> => {
    closing ??= close();
    return closing;
  };
  return {
    ...{ name, version, info, detect, settings: plainSettings, metadata: new Map(), unreadable: undefined },
    ...{ placement: { executionProvider: "cpu", passedOver: [] }, instances: 1, ready: true, waiting: 0 },
    faces: { image: imageFace(face), tensor: tensorsOf(name, version) },
    recycle: () => Promise.resolve(0),
    close: closeOnce,
    [Symbol.asyncDispose]: closeOnce,
  };
}

function tensorsOf(name: string, version: string): Face {
  return {
    ...{ name: `${name}-tensor`, version, platform: "fake", inputs: [], outputs: [], maxBatchSize: 0 },
    parameters: {},
    ready: true,
    infer: () => Promise.reject(new Error("no tensors here")),
  };
}
