import sharp, { type Sharp } from "sharp";
import { expect, test } from "vitest";
import { downscale } from "#gateway/prepare/downscale.ts";
import { stripMetadata } from "#inference/image/strip/strip-metadata.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { pngBomb } from "#test/support/bomb.ts";
import { tiffOf } from "#test/support/exif.ts";
import { exifSegment, withSegments } from "#test/support/jpeg-segments.ts";

const plan = { width: 80, height: 40 };

/** Red on the left, blue on the right. */
function halves(width = 320, height = 160): Sharp {
  const right = { create: { width: width / 2, height, channels: 3 as const, background: "#0000ff" } };
  return sharp({ create: { width, height, channels: 3, background: "#ff0000" } }).composite([
    { input: right, left: width / 2, top: 0 },
  ]);
}

async function look(image: Uint8Array) {
  const { data, info } = await sharp(image).raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => [...data.subarray(3 * (y * info.width + x)).subarray(0, 3)];
  return { info, at, metadata: await sharp(image).metadata() };
}

function isNear(actual: number[], expected: number[]): boolean {
  return expected.every((value, index) => Math.abs(value - (actual[index] ?? -99)) < 12);
}

test.each(["jpeg", "png", "webp"] as const)("a %s becomes a small JPEG of full colour", async (format) => {
  const original = await halves().toFormat(format).toBuffer();
  const { image, scaleX, scaleY } = await downscale([original], plan);
  const { info, at, metadata } = await look(image);
  expect(info).toMatchObject({ width: 80, height: 40, channels: 3 });
  expect(metadata).toMatchObject({ format: "jpeg", chromaSubsampling: "4:4:4" });
  expect([scaleX, scaleY]).toEqual([4, 4]);
  expect(isNear(at(5, 20), [254, 0, 0])).toBe(true);
  expect(isNear(at(75, 20), [0, 0, 254])).toBe(true);
});

test("a turned image comes out as a person sees it, without its metadata and from its pieces", async () => {
  const original = withSegments(
    await halves().jpeg().toBuffer(),
    exifSegment(tiffOf(6, { secret: "canary" })),
  );
  const { pieces } = stripMetadata(original);
  expect(pieces.length).toBeGreaterThan(1);
  for (const given of [pieces, [original]]) {
    const { image, scaleX, scaleY } = await downscale(given, { width: 40, height: 90 });
    const { info, at, metadata } = await look(image);
    expect(info).toMatchObject({ width: 40, height: 90 });
    expect([scaleX, scaleY]).toEqual([4, 320 / 90]);
    expect(metadata.exif ?? metadata.icc ?? metadata.orientation).toBeUndefined();
    expect(isNear(at(20, 5), [254, 0, 0])).toBe(true);
    expect(isNear(at(20, 85), [0, 0, 254])).toBe(true);
  }
});

test("clear places come out in the padding's grey", async () => {
  const clear = { r: 255, g: 0, b: 0, alpha: 0 };
  const original = await sharp({ create: { width: 160, height: 80, channels: 4, background: clear } })
    .png()
    .toBuffer();
  const { at } = await look((await downscale([original], plan)).image);
  expect(isNear(at(40, 20), [114, 114, 114])).toBe(true);
});

test("an image beyond the pixels that are allowed is not shrunk either", async () => {
  await expect(downscale([pngBomb(10_000, 10_000)], plan)).rejects.toMatchObject({ code: "image_too_large" });
  const small = await halves().jpeg().toBuffer();
  await expect(downscale([small], plan, { maxPixels: 1_000 })).rejects.toMatchObject({
    code: "image_too_large",
  });
});

test.each<[string, Uint8Array[]]>([
  ["damaged", [Buffer.from([0xff, 0xd8, 0xff, 1, 2, 3])]],
  ["an SVG", [Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')]],
  ["nothing", []],
])("an image that is %s cannot be shrunk", async (_, pieces) => {
  await expect(downscale(pieces, plan)).rejects.toMatchObject({ code: "image_undecodable" });
});

test("an image that nobody waits for any more is not shrunk, for the reason that its caller gave", async () => {
  const image = await halves().jpeg().toBuffer();
  const late = new TradewindError("deadline_exceeded", "too late");
  const shrink = (reason?: unknown) => downscale([image], plan, { signal: AbortSignal.abort(reason) });
  await expect(shrink()).rejects.toMatchObject({ code: "caller_left" });
  await expect(shrink(late)).rejects.toBe(late);
});
