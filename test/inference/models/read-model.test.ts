import { expect, test } from "vitest";
import { plainSettings } from "#inference/models/model-settings.ts";
import { readOnnx } from "#inference/models/onnx.ts";
import { checkBatching, readModel } from "#inference/models/read-model.ts";
import { colourModel } from "#test/support/colour-model.ts";

const colours = readOnnx(colourModel());
const odd = readOnnx(colourModel({ inputs: [{ name: "images", dims: [1, 3, 64] }] }));
const settings = plainSettings;

test("a model that a head reads has a plan, and its owner's words go before the file's", () => {
  expect(readModel(colours, { settings, forImages: false })).toMatchObject({
    plan: { task: "detect", names: ["red", "green", "blue"] },
    unreadable: undefined,
  });
  const names = ["r", "g", "b"];
  expect(readModel(colours, { settings: { ...settings, names }, forImages: true }).plan?.names).toEqual(
    names,
  );
});

test("a model that no head reads says why, and is refused where images were what it is for", () => {
  const why = "the input has 3 dimensions";
  const { plan, unreadable } = readModel(odd, { settings, forImages: false });
  expect(plan).toBeUndefined();
  expect(unreadable).toContain(why);
  expect(() => readModel(odd, { settings, forImages: true })).toThrow(why);
  expect(() => readModel(odd, { settings: { ...settings, task: "detect" }, forImages: false })).toThrow(why);
});

test("batches of a graph whose first dimension is fixed are refused", () => {
  expect(() => checkBatching(colours, { ...settings, maxBatchSize: 8 })).toThrow(
    "max_batch_size is 8, but the first dimension of 'images' is not free",
  );
  expect(() => checkBatching(colours, { ...settings, maxBatchSize: 1 })).not.toThrow();
});
