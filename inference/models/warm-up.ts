import type { ModelMetadata, Tensors } from "#inference/contract.ts";
import type { RunAnswer, RunOptions } from "#inference/engine/engine.ts";
import { detectDefaults } from "#inference/heads/detect.ts";
import { readHead } from "#inference/heads/read-head.ts";
import { letterbox } from "#inference/image/letterbox.ts";
import type { PixelTensor } from "#inference/image/tensor.ts";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import { confirmModel, type ModelPlan } from "./metadata.ts";

/** What can run the model once. */
export type Runs = {
  readonly run: (inputs: Tensors, options: RunOptions) => Promise<Pick<RunAnswer, "outputs">>;
};

/** One run on zeros: the first caller meets a warm model, and a file that lies about its shapes is found at start. */
export async function warmUp(
  engine: Runs,
  plan: ModelPlan,
  { signal }: { readonly signal: AbortSignal },
): Promise<ModelMetadata> {
  const { height, width } = plan.input;
  const { outputs } = await engine
    .run({ [plan.inputName]: zeros(plan) }, { signal })
    .catch((cause: unknown) => {
      if (signal.aborted) throw cause;
      const message = `the model failed on its first run with an input of [1, 3, ${height}, ${width}]`;
      throw new TradewindError("model_unusable", message, { cause });
    });
  const shapes = Object.entries(outputs).map(([name, { shape }]) => [name, shape] as const);
  const metadata = confirmModel(plan, Object.fromEntries(shapes));
  readOnce(plan, metadata, outputs);
  return metadata;
}

function zeros({ input: { width, height }, inputDatatype }: ModelPlan): PixelTensor {
  const length = 3 * height * width;
  const shape = [1, 3, height, width];
  if (inputDatatype === "FP16") return { datatype: "FP16", shape, data: new Uint16Array(length) };
  if (inputDatatype === "UINT8") return { datatype: "UINT8", shape, data: new Uint8Array(length) };
  return { datatype: "FP32", shape, data: new Float32Array(length) };
}

/** Shapes can be right and numbers not: logits where scores belong are found here. */
function readOnce({ head, input }: ModelPlan, { names }: ModelMetadata, outputs: Tensors): void {
  try {
    readHead({ head, names }, outputs, { image: input, letterbox: letterbox(input, input) }, detectDefaults);
  } catch (cause) {
    const { message, hint } = asTradewindError(cause);
    throw new TradewindError("model_unusable", message, hint === undefined ? { cause } : { cause, hint });
  }
}
