import type { TradewindError } from "#infra/runtime/errors.ts";
import type { ExecutionProvider, SessionOptions } from "./engine/messages.ts";
import { openPool } from "./engine/pool.ts";
import type { Session } from "./engine/session.ts";
import { type ModelSettings, plainSettings } from "./models/model-settings.ts";
import { readOnnx } from "./models/onnx.ts";
import { checkBatching, readModel } from "./models/read-model.ts";
import { type ModelFile, readModelFile } from "./models/repository.ts";
import { tensorSpecs } from "./models/tensor-specs.ts";
import { type OpenModel, openFailure, type ServeModelOptions, serveModel } from "./serve-model.ts";

export type { OpenModel } from "./serve-model.ts";

export type OpenModelOptions = ServeModelOptions & {
  /** Sessions of a model whose settings say nothing of it. */
  readonly workers: number;
  /** Tried in this order, where the settings name none. */
  readonly executionProviders?: readonly ExecutionProvider[];
  readonly exactQuantized?: boolean;
  readonly settings?: ModelSettings;
  /** A model that takes no images is refused instead of served as tensors. */
  readonly imagesOnly?: boolean;
  readonly runTimeoutMs?: number;
  readonly openSession?: (options: SessionOptions) => Promise<Session>;
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
    throw openFailure(error, file.path);
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

async function open({ name, version, path }: ModelFile, options: OpenModelOptions): Promise<OpenModel> {
  const { settings = plainSettings, executionProviders = ["cpu"], exactQuantized = false } = options;
  const { imagesOnly = false } = options;
  const onnx = readOnnx(await readModelFile(path));
  const { metadata } = onnx;
  const read = readModel(onnx, { settings, forImages: imagesOnly || metadata.has("task") });
  checkBatching(onnx, settings);
  const engine = await openPool({
    ...options,
    path,
    outputs: onnx.outputs.map((output) => output.name),
    workersFor: (provider) => settings.instances ?? sessionsOn(provider, options.workers),
    executionProviders: settings.executionProviders ?? executionProviders,
    exactQuantized,
    batching: settings.batching,
  });
  const { placement, size: instances } = engine;
  const parts = { name, version, settings, metadata, engine, placement, instances, read };
  try {
    return await serveModel(
      {
        ...parts,
        platform: "onnxruntime_onnx",
        inputs: tensorSpecs(onnx.inputs),
        outputs: tensorSpecs(onnx.outputs),
        maxBatchSize: settings.maxBatchSize ?? 0,
        coldSessions: instances,
        recycle: () => engine.recycle(),
      },
      options,
    );
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** One session fills a graphics processor while another's images cross to it; a third would only take memory. */
function sessionsOn(provider: ExecutionProvider, workers: number): number {
  return provider === "cpu" ? workers : Math.min(workers, 2);
}
