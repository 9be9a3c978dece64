import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { Box } from "#inference/contract.ts";
import { findModels } from "#inference/models/repository.ts";
import { openModels } from "#inference/open-model.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { meanAveragePrecision } from "#test/support/mean-average-precision.ts";

const demo = new URL("../../../inference/models/demo/", import.meta.url);

type Truth = Readonly<
  Record<string, { readonly objects: readonly { readonly class: number; readonly box: Box }[] }>
>;

/** What the two were trained to reach: good, and visibly less good but usable. */
const floors: Readonly<Record<string, number>> = { "digits-n": 0.8, "digits-s": 0.93 };

test("the demo models find the digits of the committed samples", { timeout: 60_000 }, async ({ signal }) => {
  const truth: Truth = JSON.parse(await readFile(new URL("samples/truth.json", demo), "utf8"));
  const images = await Promise.all(
    Object.entries(truth).map(async ([path, { objects }]) => ({
      bytes: await readFile(new URL(path, demo)),
      objects,
    })),
  );
  const models = await openModels(await findModels(fileURLToPath(demo)), {
    workers: 1,
    clock: systemClock,
    signal,
  });
  try {
    expect(models.map(({ info }) => info.name)).toEqual(Object.keys(floors));
    for (const model of models) {
      const options = { conf: 0.001, iou: 0.7, maxDetections: 300 };
      const judged = await Promise.all(
        images.map(async ({ bytes, objects }) => {
          const { detections } = await model.detect(bytes, { options, signal });
          return { detections, truth: objects };
        }),
      );
      const { map50 } = meanAveragePrecision(judged);
      expect(map50, `mAP50 of ${model.info.name}`).toBeGreaterThan(floors[model.info.name] ?? 1);
    }
  } finally {
    for (const model of models) await model.close();
  }
});
