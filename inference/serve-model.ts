import { systemChance } from "#infra/runtime/chance.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { ImageAnswer, ModelInfo, TensorSpec } from "./contract.ts";
import { type Detector, type DetectRequest, detectImage } from "./detect-image.ts";
import type { Engine } from "./engine/engine.ts";
import type { Placement } from "./engine/messages.ts";
import type { Face } from "./face.ts";
import { imageFace } from "./faces/image-face.ts";
import { tensorFace, tensorSuffix } from "./faces/tensor-face.ts";
import { createSpareTensors } from "./image/tensor.ts";
import type { ModelPlan } from "./models/metadata.ts";
import type { ModelSettings } from "./models/model-settings.ts";
import type { ReadModel } from "./models/read-model.ts";
import { confirmBatches, runWarmUps } from "./models/run-warm-ups.ts";
import { warmUp } from "./models/warm-up.ts";

/** A model that answers until it is closed. */
export type OpenModel = AsyncDisposable & {
  readonly name: string;
  readonly version: string;
  readonly settings: ModelSettings;
  /** A server elsewhere is `remote`. */
  readonly placement: Pick<Placement, "passedOver"> & {
    readonly executionProvider: Placement["executionProvider"] | "remote";
  };
  /** Sessions side by side, or requests to a server elsewhere. */
  readonly instances: number;
  /** What the file says of itself. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Undefined for a model whose output no head reads. */
  readonly info: ModelInfo | undefined;
  /** Why there is no image face, where there is none. */
  readonly unreadable: string | undefined;
  /** The model as callers with images see it, and as its graph has it. */
  readonly faces: { readonly image: Face | undefined; readonly tensor: Face };
  /** What the image face does with each image; undefined where there is none. */
  readonly detect: ((image: Uint8Array, run: DetectRequest) => Promise<ImageAnswer>) | undefined;
  readonly ready: boolean;
  /** Runs that wait. */
  readonly waiting: number;
  /** Fresh sessions in place of the old, one after the other; resolves to how many. */
  readonly recycle: () => Promise<number>;
  readonly close: () => Promise<void>;
};

/** A model whose engine stands, with what is known of it. */
export type EngineModel = Pick<
  OpenModel,
  "name" | "version" | "settings" | "placement" | "instances" | "metadata" | "recycle"
> & {
  readonly platform: string;
  /** Of the graph. */
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly maxBatchSize: number;
  readonly engine: Engine;
  readonly read: ReadModel;
  /** Sessions that are each to have run once; 0 where whoever has them sees to that. */
  readonly coldSessions: number;
};

export type ServeModelOptions = {
  readonly clock: Clock;
  /** Aborts the warm-up; a model that is open is ended by `close()`. */
  readonly signal: AbortSignal;
  /** Told of the model when it is open; what it gives is disposed when the model has closed. */
  readonly onOpen?: (model: OpenModel) => Disposable;
  /** Stands around the detecting of every image, whichever of the model's doors it came through. */
  readonly aroundDetect?: (detect: Detect) => Detect;
};

/** One image looked at. */
export type Detect = NonNullable<OpenModel["detect"]>;

/** Warms a model and gives it its faces. Closing it closes the engine; one that does not get warm leaves that to the caller. */
export async function serveModel(parts: EngineModel, options: ServeModelOptions): Promise<OpenModel> {
  const { name, version, settings, placement, instances, metadata, engine, read, recycle } = parts;
  const { plan, unreadable } = read;
  const info = plan && { ...(await warmUp(engine, plan, options)), name, version };
  const detect = plan && info && detector(engine, plan, info, options);
  const image = detect && openImageFace(parts, info, detect);
  const tensor = openTensorFace(parts, plan ? name + tensorSuffix : name);
  await warmSessions(parts, options);
  const listening = new DisposableStack();
  const close = async (): Promise<void> => {
    await engine.close();
    listening.dispose();
  };
  const model: OpenModel = {
    ...{ name, version, settings, placement, instances, metadata },
    ...{ info, unreadable, detect, faces: { image, tensor }, recycle, close },
    get ready() {
      return engine.ready;
    },
    get waiting() {
      return engine.waiting;
    },
    [Symbol.asyncDispose]: close,
  };
  if (options.onOpen) listening.use(options.onOpen(model));
  return model;
}

async function warmSessions(parts: EngineModel, { signal }: ServeModelOptions): Promise<void> {
  const { engine, inputs, maxBatchSize, settings, coldSessions } = parts;
  const { warmUp: warmUps } = settings;
  if (coldSessions === 0 && warmUps.length === 0) return;
  const sessions = Math.max(1, coldSessions);
  const runs = { engine, inputs, maxBatchSize, sessions, warmUps, chance: systemChance, signal };
  await runWarmUps(runs);
  // A server elsewhere says itself what it takes.
  if (coldSessions > 0 && settings.batching.maxBatchSize > 1) await confirmBatches(runs);
}

/** Tensors that wait to be filled again, beside those that run and wait. */
const mostSpares = 16;

function detector(engine: Engine, plan: ModelPlan, info: ModelInfo, options: ServeModelOptions): Detect {
  const { clock, aroundDetect } = options;
  const spares = createSpareTensors(mostSpares);
  const parts: Detector = { info, plan, engine, clock, spares };
  const detect: Detect = (image, run) => detectImage(image, parts, run);
  return aroundDetect ? aroundDetect(detect) : detect;
}

function openImageFace({ platform, engine }: EngineModel, info: ModelInfo, detect: Detect): Face {
  const { executionProvider } = engine;
  return imageFace({ info, platform, executionProvider, ready: () => engine.ready, detect });
}

function openTensorFace(parts: EngineModel, name: string): Face {
  const { version, platform, inputs, outputs, maxBatchSize, settings, engine } = parts;
  const { labels } = settings;
  const parameters = { execution_provider: engine.executionProvider };
  return tensorFace({
    name,
    version,
    platform,
    inputs,
    outputs,
    maxBatchSize,
    labels,
    parameters,
    engine,
  });
}

/** What went wrong with a model while it opened, with where that model is. */
export function openFailure(error: unknown, where: string): unknown {
  if (!(error instanceof TradewindError)) return error;
  const details = error.hint === undefined ? { cause: error } : { cause: error, hint: error.hint };
  return new TradewindError(error.code, `${error.message} (${where})`, details);
}
