import sharp, { type Sharp } from "sharp";
import { expect, test } from "vitest";
import { decodeImage } from "#inference/image/decode.ts";
import { pngBomb } from "#test/support/bomb.ts";

const input = { width: 64, height: 64 };

/** Red on the left, blue on the right. */
function halves(width = 64, height = 32): Sharp {
  const right = { create: { width: width / 2, height, channels: 3 as const, background: "#0000ff" } };
  return sharp({ create: { width, height, channels: 3, background: "#ff0000" } }).composite([
    { input: right, left: width / 2, top: 0 },
  ]);
}

async function decoded(image: Buffer) {
  const result = await decodeImage(image, { input });
  const { width } = result.letterbox;
  const at = (x: number, y: number): number[] => [
    ...result.pixels.subarray(3 * (y * width + x), 3 * (y * width + x) + 3),
  ];
  return { ...result, at };
}

function near(actual: number[], expected: number[], slack = 30): void {
  expect(actual).toHaveLength(3);
  actual.forEach((value, index) => {
    expect(Math.abs(value - (expected[index] ?? 0)), `${actual} against ${expected}`).toBeLessThanOrEqual(
      slack,
    );
  });
}

test.each(["jpeg", "png", "webp"] as const)(
  "a %s comes out as RGB at the letterboxed size",
  async (format) => {
    const { image, letterbox, pixels, at } = await decoded(await halves(128, 64).toFormat(format).toBuffer());
    expect(image).toEqual({ width: 128, height: 64 });
    expect(letterbox).toMatchObject({ width: 64, height: 32 });
    expect(pixels).toHaveLength(64 * 32 * 3);
    near(at(4, 16), [255, 0, 0]);
    near(at(60, 16), [0, 0, 255]);
  },
);

test.each([
  [1, "left", 64, 32],
  [2, "right", 64, 32],
  [3, "right", 64, 32],
  [4, "left", 64, 32],
  [5, "top", 32, 64],
  [6, "top", 32, 64],
  [7, "bottom", 32, 64],
  [8, "bottom", 32, 64],
] as const)("EXIF orientation %i puts the red half at the %s", async (orientation, red, width, height) => {
  const { image, at } = await decoded(await halves().withMetadata({ orientation }).jpeg().toBuffer());
  expect(image).toEqual({ width, height });
  const places = { left: [2, 16], right: [61, 16], top: [16, 2], bottom: [16, 61] } as const;
  const [x, y] = places[red];
  near(at(x, y), [255, 0, 0]);
});

test("a CMYK JPEG comes out in the colours that a person sees", async () => {
  const image = await halves().toColourspace("cmyk").jpeg().toBuffer();
  expect((await sharp(image).metadata()).space).toBe("cmyk");
  const { at } = await decoded(image);
  const [red = 0, , blue = 0] = at(4, 16);
  expect(red).toBeGreaterThan(blue + 100);
  const [otherRed = 0, , otherBlue = 0] = at(60, 16);
  expect(otherBlue).toBeGreaterThan(otherRed + 50);
});

test("a grey image comes out with three equal channels", async () => {
  const { at } = await decoded(
    await sharp({ create: { width: 64, height: 64, channels: 3, background: "#808080" } })
      .toColourspace("b-w")
      .png()
      .toBuffer(),
  );
  near(at(10, 10), [128, 128, 128], 2);
});

test("a 16-bit image is brought to 8 bits and not cut off", async () => {
  const image = await halves().toColourspace("rgb16").png().toBuffer();
  expect((await sharp(image).metadata()).depth).toBe("ushort");
  near((await decoded(image)).at(60, 16), [0, 0, 255], 3);
});

test("a transparent image lies on the padding's grey, whatever colour it hides", async () => {
  const clear = { r: 255, g: 0, b: 0, alpha: 0 };
  const { at } = await decoded(
    await sharp({ create: { width: 64, height: 64, channels: 4, background: clear } })
      .png()
      .toBuffer(),
  );
  near(at(32, 32), [114, 114, 114], 1);
});

test("a JPEG that is cut short is undecodable and says so", async () => {
  const noise = await sharp({
    create: {
      width: 300,
      height: 300,
      channels: 3,
      background: "#888",
      noise: { type: "gaussian", mean: 128, sigma: 40 },
    },
  })
    .jpeg()
    .toBuffer();
  const cut = noise.subarray(0, noise.byteLength / 2);
  await expect(decodeImage(cut, { input })).rejects.toMatchObject({
    code: "image_undecodable",
    message: "the JPEG image is cut short",
  });
});

test.each(["jpeg", "png", "webp"] as const)(
  "a %s with nothing behind its first bytes is undecodable",
  async (format) => {
    const whole = await halves().toFormat(format).toBuffer();
    await expect(decodeImage(whole.subarray(0, 16), { input })).rejects.toMatchObject({
      code: "image_undecodable",
    });
  },
);

test("a PNG cut short and a PNG with a broken body are undecodable", async () => {
  const whole = await halves(400, 400).png({ compressionLevel: 0 }).toBuffer();
  const broken = Buffer.from(whole).fill(0xaa, 200, 2_000);
  await expect(decodeImage(whole.subarray(0, whole.byteLength / 2), { input })).rejects.toMatchObject({
    code: "image_undecodable",
  });
  await expect(decodeImage(broken, { input })).rejects.toMatchObject({ code: "image_undecodable" });
});

test("a PNG of 100 megapixels is refused by its header, with its size, and costs no memory", async () => {
  const bomb = pngBomb(10_000, 10_000);
  const before = process.memoryUsage().rss;
  await expect(decodeImage(bomb, { input })).rejects.toMatchObject({
    code: "image_too_large",
    message: "the image has 10000 x 10000 pixels (100 megapixels), at most 50 are allowed",
  });
  expect(process.memoryUsage().rss - before).toBeLessThan(20_000_000);
});

test.each(["jpeg", "png", "webp"] as const)(
  "a %s over the pixel limit is refused with its size",
  async (format) => {
    const image = await halves(200, 100).toFormat(format).toBuffer();
    await expect(decodeImage(image, { input, maxPixels: 19_999 })).rejects.toMatchObject({
      code: "image_too_large",
      message: expect.stringContaining("200 x 100 pixels"),
    });
    await expect(decodeImage(image, { input, maxPixels: 20_000 })).resolves.toMatchObject({
      image: { width: 200 },
    });
  },
);

test("the loaders that are not needed are shut", async () => {
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>');
  await expect(sharp(svg).metadata()).rejects.toThrow();
});

test("an image that nobody wants any more is not decoded when its turn comes", async () => {
  const left = new AbortController();
  const image = await halves().png().toBuffer();
  const waiting = decodeImage(image, { input, signal: left.signal });
  left.abort();
  const late = decodeImage(image, { input, signal: left.signal });
  await expect(late).rejects.toMatchObject({ code: "caller_left" });
  await waiting.catch(() => {});
});
