import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { type Golden, golden, mostGoldenBytes } from "#inference/artefacts/golden.ts";
import type { Detection, Precision, Task } from "#inference/contract.ts";
import { detectDefaults } from "#inference/heads/detect.ts";
import { type OpenModel, openModel } from "#inference/open-model.ts";
import { listImages } from "#inference/quantize/list-images.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

export type GoldenRun = { readonly bytes: Uint8Array; readonly precision: Precision; readonly found: number };

export type GoldenAsk = {
  readonly model: string;
  readonly images: string;
  /** Whole numbers are added up exactly also where this machine's fast way overflows. */
  readonly exactQuantized: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
};

/** What the model answers here to a few images, which every device is to repeat before it switches to it. */
export async function makeGolden(ask: GoldenAsk): Promise<GoldenRun> {
  const { model: path, exactQuantized, clock, signal } = ask;
  const file = { name: "model", version: "1", path };
  await using model = await openModel(file, { workers: 1, exactQuantized, imagesOnly: true, clock, signal });
  const { info } = model;
  if (!info) throw new TradewindError("model_unusable", `${path} takes no images`);
  const { files } = await listImages(ask.images, 8);
  const images: Golden["images"] = [];
  for (const image of files) images.push(await look(model, image, { task: info.task, signal }));
  const found = images.reduce((sum, { detections }) => sum + detections.length, 0);
  if (found === 0) throw empty(ask);
  const bytes = new TextEncoder().encode(JSON.stringify(golden.parse({ schema: 1, images })));
  if (bytes.byteLength <= mostGoldenBytes) return { bytes, precision: info.precision, found };
  throw new TradewindError(
    "images_too_many",
    `the golden images take ${bytes.byteLength} bytes, at most ${mostGoldenBytes} go to devices`,
    {
      hint: "give fewer images, or smaller ones",
    },
  );
}

async function look(
  model: OpenModel,
  file: string,
  { task, signal }: { readonly task: Task; readonly signal: AbortSignal },
): Promise<Golden["images"][number]> {
  const image = await readFile(file);
  const answer = await model.detect?.(image, { options: detectDefaults, signal });
  const detections = (answer?.detections ?? []).map((found) => goldenOf(found, task));
  return { name: basename(file).slice(0, 100), image: image.toString("base64"), detections };
}

/** Of a whole image the box says nothing. */
function goldenOf({ class: index, score, box }: Detection, task: Task) {
  return { class: index, score, ...(task !== "classify" && { box }) };
}

function empty({ model, images }: GoldenAsk): TradewindError {
  return new TradewindError(
    "signing_refused",
    `${model} finds nothing in the images of ${images}, so no device could tell that it works`,
    {
      hint: "give images that hold what it looks for",
    },
  );
}
