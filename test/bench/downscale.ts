import { join } from "node:path";
import sharp from "sharp";
import { digestImage } from "#gateway/prepare/digest-image.ts";
import { downscale } from "#gateway/prepare/downscale.ts";
import { planDownscale } from "#gateway/prepare/plan-downscale.ts";
import { restoreBoxes } from "#gateway/prepare/restore-boxes.ts";
import type { ImageSize } from "#inference/contract.ts";
import { stripMetadata } from "#inference/image/strip/strip-metadata.ts";
import { findModels } from "#inference/models/repository.ts";
import { type OpenModel, openModels } from "#inference/open-model.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { evaluate, type Sample } from "../support/evaluate.ts";
import type { MeanAveragePrecision } from "../support/mean-average-precision.ts";
import { scene } from "../support/scenes.ts";
import type { Bench, BenchContext, Measured } from "./bench.ts";
import { interleave, type Samples } from "./interleave.ts";

export const downscaleBench: Bench = {
  name: "downscale",
  describe: "what an image loses and saves when the gateway prepares it: smaller copies, stripped metadata",
  async *run(context) {
    yield* measureStripping(context);
    await using resources = new AsyncDisposableStack();
    const { root, quick, signal } = context;
    const found = await findModels(join(root, "inference/models/demo"));
    const models = await openModels(found, { workers: 2, clock: systemClock, signal });
    for (const model of models) resources.defer(() => model.close());
    const model = models.find(({ name }) => name === "digits-s");
    if (!model) throw new Error("the demo model digits-s is missing");
    for (const size of sizes) {
      context.say(`drawing scenes of ${nameOf(size)}`);
      yield* measureSize(context, model, await scenes(size, quick ? 3 : 150));
    }
  },
};

const sizes = [
  { width: 1280, height: 720 },
  { width: 1920, height: 1080 },
];

function nameOf({ width, height }: ImageSize): string {
  return `${width}x${height}`;
}

type Scene = Sample & { readonly size: ImageSize };

/** Pictures of forms that no training saw, as a camera would send them. */
async function scenes(size: ImageSize, count: number): Promise<Scene[]> {
  const drawn: Scene[] = [];
  for (let index = 0; index < count; index += 1) {
    const { pixels, objects } = scene(3_700_000 + index, { ...size, split: "held-out" });
    const raw = sharp(pixels, { raw: { ...size, channels: 3 } });
    const jpeg = await raw.jpeg({ quality: 90 }).toBuffer();
    drawn.push({ file: `${nameOf(size)}-${index}`, size, jpeg, objects });
  }
  return drawn;
}

async function* measureSize(
  context: BenchContext,
  model: OpenModel,
  samples: readonly Scene[],
): AsyncIterable<Measured> {
  const original = await accuracy(context, model, samples);
  const input = model.info?.input ?? { width: 0, height: 0 };
  for (const factor of [1, 2]) {
    const copies = await copiesOf(samples, input, factor);
    const name = `${nameOf(samples[0]?.size ?? input)}, factor ${factor}`;
    const note = `digits-s sees ${nameOf(input)}; ${samples.length} held-out scenes, JPEG of quality 90`;
    const shared = { case: name, against: "original", note } as const;
    const smaller = await accuracy(context, model, samples, copies);
    yield { ...shared, ...rated("mAP50", smaller.map50, original.map50, 0.98) };
    yield { ...shared, ...rated("mAP50-95", smaller.map50To95, original.map50To95, 0.95) };
    const [ours, theirs] = [meanKilobytes(copies), meanKilobytes(samples.map(({ jpeg }) => jpeg))];
    yield { ...shared, metric: "size", unit: "KB", better: "lower", ours: [ours], theirs: [theirs] };
    const time = { ...shared, metric: "time", unit: "ms", better: "lower", against: "limit" } as const;
    yield { ...time, ours: await scalingTimes(context, samples.slice(0, 30), input, factor) };
  }
}

function rated(metric: string, ours: number, theirs: number, floor: number) {
  return { metric, unit: "", better: "higher", ours: [ours], theirs: [theirs], floor } as const;
}

async function accuracy(
  { signal }: BenchContext,
  model: OpenModel,
  samples: readonly Scene[],
  copies?: readonly Buffer[],
): Promise<MeanAveragePrecision> {
  const options = { conf: 0.001, iou: 0.7, maxDetections: 300 };
  let next = 0;
  return await evaluate(async (jpeg) => {
    const size = samples[next]?.size;
    const image = copies?.[next] ?? jpeg;
    next += 1;
    const answer = await model.detect?.(image, { options, signal });
    if (!answer || !size) throw new Error("the model does not detect");
    return restoreBoxes(answer, size).detections;
  }, samples);
}

async function copiesOf(samples: readonly Scene[], input: ImageSize, factor: number): Promise<Buffer[]> {
  const copies: Buffer[] = [];
  for (const sample of samples) copies.push(await copyOf(sample, input, factor));
  return copies;
}

async function copyOf({ size, jpeg }: Scene, input: ImageSize, factor: number): Promise<Buffer> {
  const bytes = jpeg.byteLength;
  const plan = planDownscale({ size, bytes, type: "jpeg", input, task: "detect" }, { factor });
  if (!plan) throw new Error(`a scene of ${bytes} bytes is too small to shrink`);
  return Buffer.from((await downscale([jpeg], plan)).image);
}

function meanKilobytes(images: readonly Buffer[]): number {
  return images.reduce((sum, image) => sum + image.byteLength, 0) / images.length / 1_000;
}

/** Milliseconds an image, one after the other. */
async function scalingTimes(
  { rounds, signal }: BenchContext,
  samples: readonly Scene[],
  input: ImageSize,
  factor: number,
): Promise<Samples> {
  const side = async (): Promise<number> => {
    const start = performance.now();
    await copiesOf(samples, input, factor);
    return (performance.now() - start) / samples.length;
  };
  const [times = []] = await interleave([side], { rounds: rounds(), warmUpRounds: 1, signal });
  return times;
}

/** Held against the hash of the same bytes, which every request pays as well. */
async function* measureStripping({ rounds, signal, quick }: BenchContext): AsyncIterable<Measured> {
  for (const [name, pixels] of [
    ["strip a JPEG of 60 KB", { width: 530, height: 340 }],
    ["strip a JPEG of 1 MB", { width: 2_150, height: 1_420 }],
  ] as const) {
    const jpeg = await noise(pixels);
    const runs = quick ? 10 : Math.ceil(2e8 / jpeg.byteLength);
    const sides = [
      async () => microseconds(runs, () => stripMetadata(jpeg)),
      async () => microseconds(runs, () => digestImage([jpeg])),
    ];
    const [ours = [], theirs = []] = await interleave(sides, { rounds: rounds(), warmUpRounds: 1, signal });
    const note = `${jpeg.byteLength} bytes without metadata`;
    const measure = { case: name, metric: "time", unit: "us", better: "lower", against: "SHA-256" } as const;
    yield { ...measure, floor: 0.6, aim: 0.3, note, ours, theirs };
  }
}

async function noise(size: ImageSize): Promise<Buffer> {
  const gaussian = { type: "gaussian", mean: 128, sigma: 30 } as const;
  const image = sharp({ create: { ...size, channels: 3, background: "#888", noise: gaussian } });
  return await image.jpeg({ quality: 75 }).toBuffer();
}

function microseconds(runs: number, work: () => unknown): number {
  const start = performance.now();
  for (let run = 0; run < runs; run += 1) work();
  return (1_000 * (performance.now() - start)) / runs;
}
