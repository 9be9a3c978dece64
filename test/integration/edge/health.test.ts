import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Answered } from "#edge/answer/running-model.ts";
import { createHistory, type History, knownOf, remember } from "#edge/health/history.ts";
import { judgeHealth, probationImages } from "#edge/health/judge-health.ts";
import { detectDefaults } from "#inference/heads/detect.ts";
import { openModel } from "#inference/open-model.ts";
import { quantizeFile } from "#inference/quantize/quantize-file.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { writeSceneFolder } from "#test/bench/quantize/write-scene-folder.ts";
import { type Random, seededRandom } from "#test/support/random.ts";
import { type SceneOptions, scene } from "#test/support/scenes.ts";

const digits = join(import.meta.dirname, "../../../inference/models/demo/digits-n/1/model.onnx");
const { signal } = new AbortController();
const seeds = Array.from({ length: 50 }, (_, seed) => seed);

/** What a model found in one image: a score for each thing. */
type Found = readonly number[];

let folder = "";
let float: readonly Found[] = [];
let quantized: readonly Found[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "health-"));
  const images = await writeSceneFolder(join(folder, "images"), {
    count: 24,
    seed: 2_000_000,
    split: "validation",
  });
  const out = join(folder, "int8.onnx");
  await quantizeFile(
    {
      ...{
        model: digits,
        images,
        out,
        target: "x64",
        calibration: "minmax",
        shadow: undefined,
        truth: undefined,
      },
      floors: { agreement: 0.8, mapLoss: 5 },
    },
    { clock: systemClock, signal, exactQuantized: false, speedMs: 1, say: () => undefined },
  );
  const scenes = await photographs(240, {});
  float = await foundBy(digits, scenes);
  quantized = await foundBy(out, scenes);
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

async function photographs(count: number, options: SceneOptions): Promise<readonly Buffer[]> {
  return await Promise.all(
    Array.from({ length: count }, (_, index) => {
      const { width, height, pixels } = scene(3_000_000 + index, { split: "held-out", ...options });
      const raw = { width, height, channels: 3 } as const;
      return sharp(pixels, { raw }).jpeg({ quality: 90 }).toBuffer();
    }),
  );
}

async function foundBy(path: string, images: readonly Buffer[]): Promise<readonly Found[]> {
  await using model = await openModel(
    { name: "digits", version: "1", path },
    { workers: 2, clock: systemClock, signal },
  );
  const answers = images.map((image) => model.detect?.(image, { options: detectDefaults, signal }));
  return (await Promise.all(answers)).map((answer) => (answer?.detections ?? []).map(({ score }) => score));
}

/** A life of so many images of this kind, by chance. */
function life(kind: readonly Found[], images: number, random: Random): Answered[] {
  return Array.from({ length: images }, () => {
    const found = kind[random.integer(0, kind.length - 1)] ?? [];
    const meanScore =
      found.length === 0 ? undefined : found.reduce((sum, score) => sum + score, 0) / found.length;
    const ms = random.between(15, 25);
    return { model: "m", release: 1, failed: false, ms, detections: found.length, meanScore };
  });
}

/** After how many images of what comes after a switch the release falls; undefined where it holds. */
function fallsAfter(before: readonly Found[], after: readonly Found[], seed: number): number | undefined {
  const random = seededRandom(seed);
  const [known, since]: [History, History] = [createHistory(), createHistory()];
  for (const told of life(before, 200, random)) remember(known, told);
  for (const [index, told] of life(after, probationImages, random).entries()) {
    remember(since, told);
    const asked = { before: knownOf(known), since, images: index + 1, ageMs: 0 };
    if (judgeHealth(asked).kind === "fallen") return index + 1;
  }
  return undefined;
}

const fallen = (before: readonly Found[], after: readonly Found[]) =>
  seeds.map((seed) => fallsAfter(before, after, seed)).filter((images) => images !== undefined);

const dimmed = (factor: number): readonly Found[] =>
  float.map((found) => found.map((score) => score * factor).filter((score) => score > detectDefaults.conf));

test("a quantized release in the place of its original sets nothing off in any of fifty lives, nor the way back", () => {
  expect(fallen(float, quantized)).toEqual([]);
  expect(fallen(quantized, float)).toEqual([]);
  expect(fallen(float, float)).toEqual([]);
});

test.each([0.6, 0.5, 0.35, 0.1])(
  "a release that is %f times as sure falls in each of fifty lives, within two hundred images",
  (factor) => {
    const images = fallen(float, dimmed(factor));
    expect(images).toHaveLength(50);
    expect(Math.max(...images)).toBeLessThanOrEqual(200);
  },
);

test.each<readonly [string, SceneOptions]>([
  ["fewer things", { most: 3 }],
  ["one thing at a time", { most: 1 }],
  ["a calmer scene", { unrest: 0.2 }],
  ["smaller images", { width: 200, height: 160 }],
])(
  "a change of scene to %s alone sets nothing off in forty-nine of fifty lives",
  { timeout: 60_000 },
  async (_, options) => {
    const others = await foundBy(digits, await photographs(100, options));
    expect(fallen(float, others).length).toBeLessThanOrEqual(1);
    expect(fallen(others, float).length).toBeLessThanOrEqual(1);
  },
);
