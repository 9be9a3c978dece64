import sharp from "sharp";
import { expect, test } from "vitest";
import { downscaled } from "#gateway/images/downscaled.ts";
import { prepareImage } from "#gateway/images/prepare-image.ts";
import type { ImageAnswer, ImageSize } from "#inference/contract.ts";
import { routeOver } from "#test/support/routes.ts";

const { rules } = routeOver([]);
const prepare = { ...rules.prepare, downscale: "always" as const };
const { signal } = new AbortController();
const jpeg = await sharp({ create: { width: 1_200, height: 600, channels: 3, background: "#808080" } })
  .composite([
    {
      input: {
        create: {
          width: 600,
          height: 300,
          channels: 3,
          background: "#f00",
          noise: { type: "gaussian", mean: 128, sigma: 60 },
        },
      },
    },
  ])
  .jpeg({ quality: 100 })
  .toBuffer();

/** What is sent to backends that take these sizes. */
async function sentTo(inputs: readonly ImageSize[], image = prepareImage(jpeg, rules, { mostPixels: 1e6 })) {
  let sent: ImageSize | undefined;
  const answer = {
    image: { width: 1, height: 1 },
    detections: [],
    timings: { queue: 0, preprocess: 0, inference: 0, postprocess: 0 },
  };
  await downscaled<ImageAnswer>({ image, inputs, task: "detect", rules: prepare, signal }, async (pieces) => {
    const { width, height } = await sharp(Buffer.concat(pieces)).metadata();
    sent = { width, height };
    return { ...answer, image: sent };
  });
  return sent;
}

const square = (side: number): ImageSize => ({ width: side, height: side });

test("a copy is as large as the largest input among those that may get it", async () => {
  expect(await sentTo([square(320)])).toEqual({ width: 320, height: 160 });
  expect(await sentTo([square(320), square(640)])).toEqual({ width: 640, height: 320 });
  expect(
    await sentTo([
      { width: 320, height: 640 },
      { width: 640, height: 64 },
    ]),
  ).toEqual({ width: 640, height: 320 });
  expect(await sentTo([square(320), square(4_000)])).toEqual({ width: 1_200, height: 600 });
});

test("an image is decoded up to the pixels that it was allowed, and no further", async () => {
  const image = prepareImage(jpeg, rules, { mostPixels: 1_200 * 600 });
  expect(await sentTo([square(320)], image)).toEqual({ width: 320, height: 160 });
  await expect(sentTo([square(320)], { ...image, mostPixels: 1_000 })).rejects.toMatchObject({
    code: "image_too_large",
  });
});
