import { createOpenInferenceClient } from "#adapters/open-inference.ts";
import type { ImageAnswer, ModelInfo } from "#inference/contract.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { startFakeBackend } from "./fake-backend.ts";

/** What `describedModel` says, as the client tells it. */
export const model = {
  name: "digits-s",
  version: "2",
  task: "detect",
  names: ["zero", "one"],
  precision: "fp32",
  input: { width: 320, height: 320 },
} as const;
export const options = { conf: 0.25, iou: 0.7, maxDetections: 300 };
export const image = Buffer.from([0xff, 0xd8, 0xff, 0xe0]);
export const noHurry = (): AbortSignal => AbortSignal.timeout(5_000);

type Infer = NonNullable<NonNullable<Parameters<typeof startFakeBackend>[0]>["infer"]>;

export const described = { ...model, versions: ["1", "2"] };

/** What one image is answered with, by a backend that answers so. */
export async function answerOf(infer: Infer, asked: ModelInfo = model): Promise<ImageAnswer> {
  await using backend = await startFakeBackend({ infer });
  await using client = createOpenInferenceClient({ url: backend.url });
  return await client.detect({ model: asked, image, options, signal: noHurry() });
}

/** The same of a failure. */
export async function failureOf(
  infer: Infer,
  signal = noHurry(),
  asked: ModelInfo = model,
): Promise<TradewindError> {
  await using backend = await startFakeBackend({ infer });
  await using client = createOpenInferenceClient({ url: backend.url });
  const failure: unknown = await client
    .detect({ model: asked, image, options, signal })
    .catch((error: unknown) => error);
  if (failure instanceof TradewindError) return failure;
  throw new Error("expected a failure from the catalogue", { cause: failure });
}
