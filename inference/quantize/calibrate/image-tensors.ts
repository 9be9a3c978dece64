import { readFile } from "node:fs/promises";
import type { Tensors } from "#inference/contract.ts";
import { decodeImage } from "#inference/image/decode.ts";
import { toTensor } from "#inference/image/tensor.ts";
import type { ModelPlan } from "#inference/models/metadata.ts";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";

/** The model's input for each image, one after the other, as often as it is asked for. */
export type ImageTensors = () => AsyncIterable<Tensors>;

/** Images as the backend prepares them for this model. */
export function imageTensors(files: readonly string[], plan: ModelPlan, signal: AbortSignal): ImageTensors {
  return async function* () {
    for (const file of files) {
      const { pixels, letterbox } = await decoded(file, plan, signal);
      yield { [plan.inputName]: toTensor(pixels, letterbox, plan.inputDatatype) };
    }
  };
}

async function decoded(file: string, { input, fit }: ModelPlan, signal: AbortSignal) {
  try {
    return await decodeImage(await readFile(file), { input, fit, signal });
  } catch (error) {
    const { code, message } = asTradewindError(error);
    if (code === "caller_left" || code === "deadline_exceeded") throw error;
    throw new TradewindError("image_undecodable", `${file}: ${message}`, { cause: error });
  }
}
