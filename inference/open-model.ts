import { systemChance } from "#infra/runtime/chance.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { ImageAnswer, ModelInfo } from "./contract.ts";
import { type Detector, type DetectRequest, detectImage } from "./detect-image.ts";
import type { ExecutionProvider, Placement, SessionOptions } from "./engine/messages.ts";
import { openPool, type Pool } from "./engine/pool.ts";
import type { Session } from "./engine/session.ts";
import type { Face } from "./face.ts";
import { imageFace } from "./faces/image-face.ts";
import { tensorFace, tensorSuffix } from "./faces/tensor-face.ts";
import { createSpareTensors } from "./image/tensor.ts";
import { type ModelPlan, planModel } from "./models/metadata.ts";
import { type ModelSettings, plainSettings } from "./models/model-settings.ts";
import { type OnnxFile, readOnnx } from "./models/onnx.ts";
import { type ModelFile, readModelFile } from "./models/repository.ts";
import { runWarmUps } from "./models/run-warm-ups.ts";
import { tensorSpecs } from "./models/tensor-specs.ts";
import { warmUp } from "./models/warm-up.ts";

/** A model that answers until it is closed. */
export type OpenModel = AsyncDisposable & {
  readonly name: string;
  readonly version: string;
  readonly settings: ModelSettings;
  readonly placement: Placement;
  /** Sessions side by side. */
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

export type OpenModelOptions = {
  /** Sessions of a model whose settings say nothing of it. */
  readonly workers: number;
  /** Tried in this order, where the settings name none. */
  readonly executionProviders?: readonly ExecutionProvider[];
  readonly exactQuantized?: boolean;
  readonly clock: Clock;
  /** Aborts the warm-up; a model that is open is ended by `close()`. */
  readonly signal: AbortSignal;
  readonly settings?: ModelSettings;
  /** A model that takes no images is refused instead of served as tensors. */
  readonly imagesOnly?: boolean;
  readonly runTimeoutMs?: number;
  readonly openSession?: (options: SessionOptions) => Promise<Session>;
  /** Told of the model when it is open; what it gives is disposed when the model has closed. */
  readonly onOpen?: (model: OpenModel) => Disposable;
  /** A session died and is being replaced. */
  readonly onDeath?: () => void;
  /** A model that can never answer again says so here, once. */
  readonly onBroken?: (error: TradewindError) => void;
};

/** Reads, checks, loads and warms one model; what is wrong with the file is found here and not by the first caller. */
export async function openModel(file: ModelFile, options: OpenModelOptions): Promise<OpenModel> {
  try {
    return await open(file, options);
  } catch (error) {
    throw named(error, file);
  }
}

/** Opens models one after the other, so that their loading does not fight over memory; names the file that fails. */
export async function openModels(
  files: readonly ModelFile[],
  options: OpenModelOptions,
): Promise<OpenModel[]> {
  const opened: OpenModel[] = [];
  try {
    for (const file of files) opened.push(await openModel(file, options));
    return opened;
  } catch (error) {
    await Promise.all(opened.map((model) => model.close()));
    throw error;
  }
}

async function open(file: ModelFile, options: OpenModelOptions): Promise<OpenModel> {
  const { settings = plainSettings, executionProviders = ["cpu"], exactQuantized = false } = options;
  const onnx = readOnnx(await readModelFile(file.path));
  const { plan, unreadable } = readPlan(onnx, options);
  checkBatching(onnx, settings);
  const pool = await openPool({
    ...options,
    path: file.path,
    outputs: onnx.outputs.map(({ name }) => name),
    workersFor: (provider) => settings.instances ?? sessionsOn(provider, options.workers),
    executionProviders: settings.executionProviders ?? executionProviders,
    exactQuantized,
    batching: settings.batching,
  });
  try {
    return await serve({ file, onnx, plan, unreadable, settings, pool, options });
  } catch (error) {
    await pool.close();
    throw error;
  }
}

/** One session fills a graphics processor while another's images cross to it; a third would only take memory. */
function sessionsOn(provider: ExecutionProvider, workers: number): number {
  return provider === "cpu" ? workers : Math.min(workers, 2);
}

type Read = { readonly plan: ModelPlan | undefined; readonly unreadable: string | undefined };

/** No head for a model is no reason not to serve its tensors, unless somebody said that it finds things in images. */
function readPlan(onnx: OnnxFile, { settings = plainSettings, imagesOnly = false }: OpenModelOptions): Read {
  const { task, names, imageSize } = settings;
  try {
    return { plan: planModel(onnx, { task, names, imageSize }), unreadable: undefined };
  } catch (error) {
    const meant = imagesOnly || task !== undefined || onnx.metadata.has("task");
    if (!(error instanceof TradewindError) || meant) throw error;
    return { plan: undefined, unreadable: error.message };
  }
}

/** Batches need a first dimension that is free. */
function checkBatching({ inputs, outputs }: OnnxFile, { maxBatchSize = 0 }: ModelSettings): void {
  if (maxBatchSize < 2) return;
  const fixed = [...inputs, ...outputs].find(({ dims }) => dims.length === 0 || typeof dims[0] === "number");
  if (!fixed) return;
  const message = `max_batch_size is ${maxBatchSize}, but the first dimension of '${fixed.name.slice(0, 60)}' is not free`;
  const hint = "export the model with a dynamic batch dimension, or leave max_batch_size out";
  throw new TradewindError("model_unusable", message, { hint });
}

type Opened = Read & {
  readonly file: ModelFile;
  readonly onnx: OnnxFile;
  readonly settings: ModelSettings;
  readonly pool: Pool;
  readonly options: OpenModelOptions;
};

async function serve(opened: Opened): Promise<OpenModel> {
  const { file, onnx, plan, unreadable, settings, pool, options } = opened;
  const { name, version } = file;
  const read = plan && { ...(await warmUp(pool, plan, options)), name, version };
  const detect = plan && read && detector(opened, plan, read);
  const tensor = openTensorFace(opened, plan ? name + tensorSuffix : name);
  const image = detect && openImageFace(pool, read, detect);
  const { inputs } = tensor;
  const warming = { engine: pool, inputs, maxBatchSize: tensor.maxBatchSize, sessions: pool.size };
  await runWarmUps({ ...warming, warmUps: settings.warmUp, chance: systemChance, signal: options.signal });
  const listening = new DisposableStack();
  const close = async (): Promise<void> => {
    await pool.close();
    listening.dispose();
  };
  const model: OpenModel = {
    name,
    version,
    settings,
    placement: pool.placement,
    instances: pool.size,
    metadata: onnx.metadata,
    info: read,
    unreadable,
    detect,
    faces: { image, tensor },
    get ready() {
      return pool.ready;
    },
    get waiting() {
      return pool.waiting;
    },
    recycle: () => pool.recycle(),
    close,
    [Symbol.asyncDispose]: close,
  };
  if (options.onOpen) listening.use(options.onOpen(model));
  return model;
}

const platform = "onnxruntime_onnx";

/** Tensors that wait to be filled again, beside those that run and wait. */
const mostSpares = 16;

type Detect = NonNullable<OpenModel["detect"]>;

function detector({ pool, options }: Opened, plan: ModelPlan, info: ModelInfo): Detect {
  const spares = createSpareTensors(mostSpares);
  const parts: Detector = { info, plan, engine: pool, clock: options.clock, spares };
  return (image, run) => detectImage(image, parts, run);
}

function openImageFace(pool: Pool, info: ModelInfo, detect: Detect): Face {
  const { executionProvider } = pool;
  return imageFace({ info, platform, executionProvider, ready: () => pool.ready, detect });
}

function openTensorFace({ file, onnx, settings, pool }: Opened, name: string): Face {
  return tensorFace({
    name,
    version: file.version,
    platform,
    inputs: tensorSpecs(onnx.inputs),
    outputs: tensorSpecs(onnx.outputs),
    maxBatchSize: settings.maxBatchSize ?? 0,
    labels: settings.labels,
    parameters: { execution_provider: pool.executionProvider },
    engine: pool,
  });
}

function named(error: unknown, { path }: ModelFile): unknown {
  if (!(error instanceof TradewindError)) return error;
  const details = error.hint === undefined ? { cause: error } : { cause: error, hint: error.hint };
  return new TradewindError(error.code, `${error.message} (${path})`, details);
}
