import sharp from "sharp";
import { expect, test } from "vitest";
import { plainJpeg } from "#inference/image/plain-jpeg.ts";
import { seededRandom } from "#test/support/random.ts";

const picture = () => sharp({ create: { width: 30, height: 20, channels: 3, background: "#336699" } });

test("a camera's upright JPEG is plain, baseline or progressive, with or without EXIF", async () => {
  const size = { width: 30, height: 20 };
  expect(plainJpeg(await picture().jpeg().toBuffer())).toEqual(size);
  expect(plainJpeg(await picture().jpeg({ progressive: true }).toBuffer())).toEqual(size);
  expect(plainJpeg(await picture().withMetadata({ orientation: 1 }).jpeg().toBuffer())).toEqual(size);
  const named = picture().withExif({ IFD0: { Copyright: "nobody" } });
  expect(plainJpeg(await named.jpeg().toBuffer())).toEqual(size);
});

test.each([2, 3, 4, 5, 6, 7, 8])("a JPEG with orientation %i is left to the decoder", async (orientation) => {
  expect(plainJpeg(await picture().withMetadata({ orientation }).jpeg().toBuffer())).toBeUndefined();
});

test("a JPEG of other channels is left to the decoder", async () => {
  expect(plainJpeg(await picture().toColourspace("b-w").jpeg().toBuffer())).toBeUndefined();
  expect(plainJpeg(await picture().toColourspace("cmyk").jpeg().toBuffer())).toBeUndefined();
});

test("whatever is cut short or changed is read without a fault, and never as a size that is not there", async () => {
  const jpeg = await picture().withMetadata({ orientation: 6 }).jpeg().toBuffer();
  for (let length = 0; length < jpeg.byteLength; length += 1) {
    expect(plainJpeg(jpeg.subarray(0, length))).toBeUndefined();
  }
  const random = seededRandom(7);
  for (let round = 0; round < 2_000; round += 1) {
    const changed = Buffer.from(jpeg);
    changed[random.integer(2, 400)] = random.integer(0, 255);
    const size = plainJpeg(changed);
    if (size) expect(size.width * size.height).toBeGreaterThan(0);
  }
});
