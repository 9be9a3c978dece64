import sharp from "sharp";
import { expect, test } from "vitest";
import { decodeImage } from "#inference/image/decode.ts";
import { fitImage } from "#inference/image/fit.ts";
import { letterbox } from "#inference/image/letterbox.ts";

const square = { width: 224, height: 224 };

test("a letterbox is the published one, and nothing is cut", () => {
  const image = { width: 640, height: 480 };
  const place = letterbox(image, square);
  expect(fitImage(image, square, "letterbox")).toEqual({
    scaled: { width: 224, height: 168 },
    cut: { left: 0, top: 0 },
    letterbox: place,
  });
});

test.each([
  [640, 480, 298, 224, 37, 0],
  [480, 640, 224, 298, 0, 37],
  [224, 224, 224, 224, 0, 0],
  [227, 224, 227, 224, 2, 0],
  [225, 224, 225, 224, 0, 0],
  [100, 50, 448, 224, 112, 0],
])(
  "of %i x %i the shorter side is scaled and the middle of the longer kept",
  (width, height, wide, high, left, top) => {
    const fitted = fitImage({ width, height }, square, "crop");
    expect(fitted.scaled).toEqual({ width: wide, height: high });
    expect(fitted.cut).toEqual({ left, top });
    expect(fitted.letterbox).toMatchObject({ input: square, ...square, left: 0, top: 0 });
  },
);

test("a very long image is not scaled to a length that nobody sees", () => {
  const { scaled, cut } = fitImage({ width: 50_000_000, height: 1 }, square, "crop");
  expect(scaled).toEqual({ width: 65_535, height: 224 });
  expect(cut.left + square.width).toBeLessThanOrEqual(scaled.width);
});

test("a stretched image fills the input, whatever its shape", () => {
  const { scaled, cut, letterbox: place } = fitImage({ width: 10, height: 99 }, square, "stretch");
  expect({ scaled, cut }).toEqual({ scaled: square, cut: { left: 0, top: 0 } });
  expect(place).toMatchObject({ ...square, left: 0, top: 0 });
});

/** Red, green and blue thirds from left to right. */
async function thirds(width: number, height: number): Promise<Buffer> {
  const third = width / 3;
  const part = (background: string, left: number) => ({
    input: { create: { width: third, height, channels: 3 as const, background } },
    left,
    top: 0,
  });
  return sharp({ create: { width, height, channels: 3, background: "#ff0000" } })
    .composite([part("#00ff00", third), part("#0000ff", 2 * third)])
    .png()
    .toBuffer();
}

async function colours(image: Buffer, fit: "crop" | "stretch"): Promise<string> {
  const input = { width: 20, height: 20 };
  const { pixels, letterbox: place } = await decodeImage(image, { input, fit });
  expect(pixels).toHaveLength(3 * place.width * place.height);
  return Array.from({ length: 20 }, (_, x) => {
    const [red = 0, green = 0, blue = 0] = pixels.subarray(3 * (20 * 10 + x), 3 * (20 * 10 + x) + 3);
    return red > 200 ? "r" : green > 200 ? "g" : blue > 200 ? "b" : ".";
  }).join("");
}

test("the decoder keeps the middle of an image where that is asked for, and all of it where it is stretched", async () => {
  const image = await thirds(60, 20);
  expect(await colours(image, "crop")).toBe("g".repeat(20));
  expect(await colours(image, "stretch")).toMatch(/^r{6}.{1,2}g{4,6}.{1,2}b{6}$/);
});

test("an image of one row is cut and stretched too", async () => {
  const image = await thirds(60_000, 1);
  expect(await colours(image, "crop")).toBe("g".repeat(20));
  expect(await colours(image, "stretch")).toMatch(/^r{5,7}.{0,2}g{4,6}.{0,2}b{5,7}$/);
});
