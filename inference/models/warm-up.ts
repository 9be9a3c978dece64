import type { ModelMetadata } from "#inference/contract.ts";
import type { Pool } from "#inference/engine/pool.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { confirmModel, type ModelPlan } from "./metadata.ts";

/** One run on zeros: the first caller meets a warm model, and a file that lies about its shapes is found at start. */
export async function warmUp(
  pool: Pick<Pool, "run">,
  plan: ModelPlan,
  { signal }: { readonly signal: AbortSignal },
): Promise<ModelMetadata> {
  const { width, height } = plan.input;
  const zeros = { dims: [1, 3, height, width], data: new Float32Array(3 * height * width) };
  const { outputs } = await pool.run({ [plan.inputName]: zeros }, { signal }).catch((cause: unknown) => {
    if (signal.aborted) throw cause;
    const message = `the model failed on its first run with an input of [1, 3, ${height}, ${width}]`;
    throw new TradewindError("model_unusable", message, { cause });
  });
  return confirmModel(plan, outputs[plan.outputName]?.dims ?? []);
}
