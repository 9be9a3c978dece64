import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { ImageAnswer, ModelInfo } from "./contract.ts";
import { type DetectRequest, detectImage } from "./detect-image.ts";
import { openPool } from "./engine/pool.ts";
import { planModel } from "./models/metadata.ts";
import { readOnnx } from "./models/onnx.ts";
import { type ModelFile, readModelFile } from "./models/repository.ts";
import { warmUp } from "./models/warm-up.ts";

/** A model that answers images until it is closed. */
export type OpenModel = AsyncDisposable & {
  readonly info: ModelInfo;
  readonly executionProvider: "cpu";
  readonly ready: boolean;
  readonly detect: (image: Uint8Array, request: DetectRequest) => Promise<ImageAnswer>;
  readonly close: () => Promise<void>;
};

export type OpenModelOptions = {
  readonly workers: number;
  readonly clock: Clock;
  /** Aborts the warm-up; a model that is open is ended by `close()`. */
  readonly signal: AbortSignal;
  readonly maxQueue?: number;
  /** A model that can never answer again says so here, once. */
  readonly onBroken?: (error: TradewindError) => void;
};

/** Reads, checks, loads and warms one model; what is wrong with the file is found here and not by the first caller. */
export async function openModel(file: ModelFile, options: OpenModelOptions): Promise<OpenModel> {
  const plan = planModel(readOnnx(await readModelFile(file.path)));
  const { clock, signal } = options;
  const pool = await openPool({ ...options, path: file.path, outputs: [plan.outputName] });
  try {
    const info = { ...(await warmUp(pool, plan, { signal })), name: file.name, version: file.version };
    return {
      info,
      executionProvider: "cpu",
      get ready() {
        return pool.ready;
      },
      detect: (image, request) => detectImage(image, { info, plan, pool, clock }, request),
      close: () => pool.close(),
      [Symbol.asyncDispose]: () => pool.close(),
    };
  } catch (error) {
    await pool.close();
    throw error;
  }
}

/** Opens models one after the other, so that their loading does not fight over memory; names the file that fails. */
export async function openModels(
  files: readonly ModelFile[],
  options: OpenModelOptions,
): Promise<OpenModel[]> {
  const opened: OpenModel[] = [];
  try {
    for (const file of files)
      opened.push(await openModel(file, options).catch((error) => rethrowNamed(error, file)));
    return opened;
  } catch (error) {
    await Promise.all(opened.map((model) => model.close()));
    throw error;
  }
}

function rethrowNamed(error: unknown, { name, path }: ModelFile): never {
  if (!(error instanceof TradewindError)) throw error;
  const details = error.hint === undefined ? { cause: error } : { cause: error, hint: error.hint };
  throw new TradewindError(error.code, `model ${name} (${path}): ${error.message}`, details);
}
