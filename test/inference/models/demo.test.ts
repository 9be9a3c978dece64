import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findModels } from "#inference/models/repository.ts";
import { type OpenModel, openModels } from "#inference/open-model.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { evaluate, readSamples } from "#test/support/evaluate.ts";

const demo = fileURLToPath(new URL("../../../inference/models/demo/", import.meta.url));
const signal = new AbortController().signal;

let models: OpenModel[];
beforeAll(async () => {
  models = [...(await openModels(await findModels(demo), { workers: 1, clock: systemClock, signal }))];
});
afterAll(async () => {
  for (const model of models) await model.close();
});

/** A row of the card's table, as it stands there: a figure of each model. */
async function cardRow(name: string): Promise<Record<string, number>> {
  const card = await readFile(`${demo}README.md`, "utf8");
  const row = card.split("\n").find((line) => line.startsWith(`| ${name} |`));
  const [n, s] = (row ?? "").split("|").slice(2).map(Number);
  return { "digits-n": n ?? Number.NaN, "digits-s": s ?? Number.NaN };
}

async function measure(): Promise<{
  readonly map50: Record<string, number>;
  readonly map50To95: Record<string, number>;
}> {
  const samples = await readSamples(demo);
  const options = { conf: 0.001, iou: 0.7, maxDetections: 300 };
  const [map50, map50To95]: [Record<string, number>, Record<string, number>] = [{}, {}];
  for (const model of models) {
    const found = await evaluate(
      async (jpeg) => (await model.detect?.(jpeg, { options, signal }))?.detections ?? [],
      samples,
    );
    map50[model.name] = found.map50;
    map50To95[model.name] = found.map50To95;
  }
  return { map50, map50To95 };
}

test("the demo models are as good on the committed samples as their card says", {
  timeout: 60_000,
}, async () => {
  const { map50, map50To95 } = await measure();
  for (const [row, measured] of [
    ["mAP50, the 24 committed samples", map50],
    ["mAP50-95, the 24 committed samples", map50To95],
  ] as const) {
    const written = await cardRow(row);
    for (const name of ["digits-n", "digits-s"])
      expect(measured[name], `${row}, ${name}`).toBeCloseTo(written[name] ?? 0, 2);
  }
});

test("on held-out scenes the larger demo model is good, and the smaller one usable but visibly behind", async () => {
  const { "digits-n": n = 0, "digits-s": s = 0 } = await cardRow("mAP50, 1000 held-out scenes");
  expect(s).toBeGreaterThanOrEqual(0.93);
  expect(n).toBeGreaterThanOrEqual(0.8);
  expect(s - n).toBeGreaterThanOrEqual(0.04);
});

test("the demo models are small enough to be sent to devices and kept in a repository", async () => {
  const bytes = async (name: string) => (await readFile(`${demo}${name}/1/model.onnx`)).byteLength;
  expect(await bytes("digits-n")).toBeLessThanOrEqual(1_000_000);
  expect(await bytes("digits-s")).toBeLessThanOrEqual(6_000_000);
});
