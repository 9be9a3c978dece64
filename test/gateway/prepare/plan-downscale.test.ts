import { expect, test } from "vitest";
import { planDownscale } from "#gateway/prepare/plan-downscale.ts";
import { letterbox } from "#inference/image/letterbox.ts";
import { seededRandom } from "#test/support/random.ts";

const input = { width: 320, height: 320 };
const camera = {
  size: { width: 1280, height: 720 },
  bytes: 300_000,
  type: "jpeg",
  input,
  task: "detect",
} as const;

test("a large image shrinks to just what the model sees of it", () => {
  expect(planDownscale(camera)).toMatchObject({ width: 320, height: 180 });
  expect(planDownscale({ ...camera, size: { width: 720, height: 1280 } })).toMatchObject({
    width: 180,
    height: 320,
  });
});

test("a factor leaves that many pixels for each that the model sees", () => {
  expect(planDownscale(camera, { factor: 2 })).toMatchObject({ width: 640, height: 360 });
});

test("a planned copy leaves the backend nothing to shrink and loses none of the model's pixels", () => {
  const random = seededRandom(5);
  for (let round = 0; round < 500; round += 1) {
    const size = { width: random.integer(500, 6_000), height: random.integer(500, 6_000) };
    const plan = planDownscale({ ...camera, size, bytes: 1e9 });
    if (!plan) continue;
    const seen = letterbox(size, input);
    expect(plan.width).toBeGreaterThanOrEqual(seen.width);
    expect(plan.height).toBeGreaterThanOrEqual(seen.height);
    expect(letterbox(plan, input).scale, JSON.stringify(size)).toBe(1);
  }
});

test("a very long image keeps at least one row", () => {
  const size = { width: 60_000, height: 10 };
  expect(planDownscale({ ...camera, size })).toMatchObject({ width: 320, height: 1 });
});

test("an image that is hardly bigger than the model's input stays", () => {
  const plan = (width: number) => planDownscale({ ...camera, size: { width, height: 300 } });
  expect(plan(416)).toBeUndefined();
  expect(plan(417)).toBeDefined();
  expect(planDownscale({ ...camera, size: { width: 400, height: 300 } }, { margin: 1.1 })).toBeDefined();
  expect(planDownscale(camera, { factor: 4 })).toBeUndefined();
});

test("an image that would hardly have fewer bytes stays", () => {
  const size = { width: 420, height: 400 };
  expect(planDownscale({ ...camera, size, bytes: 20_000, type: "png" })).toBeUndefined();
  expect(planDownscale({ ...camera, size, bytes: 200_000, type: "png" })).toBeDefined();
  // At twice the bytes a pixel there must be half as many pixels.
  expect(planDownscale({ ...camera, size, bytes: 20_000 })).toBeUndefined();
  expect(planDownscale({ ...camera, bytes: 20_000 })).toBeDefined();
});

test("an image for a model that draws masks always stays", () => {
  expect(planDownscale({ ...camera, task: "segment" })).toBeUndefined();
});

test("an image to be classified shrinks until its shorter side is the model's", () => {
  expect(planDownscale({ ...camera, task: "classify" })).toMatchObject({ width: 569, height: 320 });
});

test("a size that is no size makes no plan", () => {
  expect(planDownscale({ ...camera, size: { width: 0, height: 0 } })).toBeUndefined();
});
