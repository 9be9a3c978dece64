import { TradewindError } from "#infra/runtime/errors.ts";
import { type ModelPlan, planModel } from "./metadata.ts";
import type { ModelSettings } from "./model-settings.ts";
import type { OnnxFile } from "./onnx.ts";

/** How images go through a model, or why they can't. */
export type ReadModel =
  | { readonly plan: ModelPlan; readonly unreadable: undefined }
  | { readonly plan: undefined; readonly unreadable: string };

export type ReadModelOptions = {
  readonly settings: ModelSettings;
  /** Somebody said that it finds things in images: where no head reads it, it is refused. */
  readonly forImages: boolean;
};

/** No head for a model is no reason not to serve its tensors, unless images were what it is for. */
export function readModel(
  file: OnnxFile,
  { settings: { task, names, imageSize }, forImages }: ReadModelOptions,
): ReadModel {
  try {
    return { plan: planModel(file, { task, names, imageSize }), unreadable: undefined };
  } catch (error) {
    const meant = forImages || task !== undefined;
    if (!(error instanceof TradewindError) || meant) throw error;
    return { plan: undefined, unreadable: error.message };
  }
}

/** Batches need a first dimension that is free. */
export function checkBatching({ inputs, outputs }: OnnxFile, { maxBatchSize = 0 }: ModelSettings): void {
  if (maxBatchSize < 2) return;
  const fixed = [...inputs, ...outputs].find(({ dims }) => dims.length === 0 || typeof dims[0] === "number");
  if (!fixed) return;
  const message = `max_batch_size is ${maxBatchSize}, but the first dimension of '${fixed.name.slice(0, 60)}' is not free`;
  const hint = "export the model with a dynamic batch dimension, or leave max_batch_size out";
  throw new TradewindError("model_unusable", message, { hint });
}
