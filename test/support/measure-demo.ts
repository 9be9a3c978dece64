import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { findModels } from "#inference/models/repository.ts";
import { type OpenModel, openModels } from "#inference/open-model.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { evaluate, readSamples, type Sample } from "./evaluate.ts";
import { shapeAt } from "./scene-shapes.ts";
import { scene } from "./scenes.ts";

/** The figures of the card: both demo models through the product's own pipeline, JPEG decoding and letterbox included. */
const demo = fileURLToPath(new URL("../../inference/models/demo/", import.meta.url));
const signal = new AbortController().signal;
const count = Number(process.argv[2] ?? 1_000);

const models = await openModels(await findModels(demo), { workers: 2, clock: systemClock, signal });
const sets = { "held-out scenes": await heldOut(count), "committed samples": await readSamples(demo) };
for (const model of models) {
  for (const [name, samples] of Object.entries(sets)) {
    const { map50, map50To95 } = await evaluate(detectorOf(model), samples);
    console.log(
      `${model.name}  ${samples.length} ${name}: mAP50 ${map50.toFixed(3)}, mAP50-95 ${map50To95.toFixed(3)}`,
    );
  }
}
for (const model of models) await model.close();

function detectorOf(model: OpenModel) {
  const options = { conf: 0.001, iou: 0.7, maxDetections: 300 };
  return async (jpeg: Buffer) => (await model.detect?.(jpeg, { options, signal }))?.detections ?? [];
}

/** Scenes of seeds 3000000 and up, as a camera would send them. */
async function heldOut(many: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (let index = 0; index < many; index += 1) {
    const [width, height] = shapeAt(index);
    const { pixels, objects } = scene(3_000_000 + index, { width, height, split: "held-out" });
    const jpeg = await sharp(pixels, { raw: { width, height, channels: 3 } })
      .jpeg({ quality: 90 })
      .toBuffer();
    samples.push({ file: `held-out-${index}`, jpeg, objects });
  }
  return samples;
}
