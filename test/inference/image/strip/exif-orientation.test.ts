import sharp from "sharp";
import { expect, test } from "vitest";
import { orientationTiff, readOrientation } from "#inference/image/strip/exif-orientation.ts";
import { tiffOf } from "#test/support/exif.ts";
import { exifSegment, withSegments } from "#test/support/jpeg-segments.ts";
import { seededRandom } from "#test/support/random.ts";

const jpeg = await sharp({ create: { width: 8, height: 8, channels: 3, background: "#888" } })
  .jpeg()
  .toBuffer();

async function asDecoded(tiff: Buffer): Promise<number> {
  return (await sharp(withSegments(jpeg, exifSegment(tiff))).metadata()).orientation ?? 1;
}

test.each([false, true])(
  "every orientation is read as the decoder reads it, big end first: %s",
  async (big) => {
    for (const orientation of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 255]) {
      const tiff = tiffOf(orientation, { big });
      expect(readOrientation(tiff), `${orientation}`).toBe(await asDecoded(tiff));
    }
  },
);

test.each([1, 3, 4, 6, 8, 9])(
  "an orientation of TIFF's type %i is read as the decoder reads it",
  async (type) => {
    for (const big of [false, true]) {
      const tiff = tiffOf(6, { big, type });
      expect(readOrientation(tiff)).toBe(6);
      expect(await asDecoded(tiff)).toBe(6);
    }
  },
);

test("an orientation with no value, or with two, is read as the decoder reads it", async () => {
  for (const [count, expected] of [
    [0, 1],
    [2, 6],
  ] as const) {
    const tiff = tiffOf(6, { count });
    expect(readOrientation(tiff)).toBe(expected);
    expect(await asDecoded(tiff)).toBe(expected);
  }
});

test("values that lie elsewhere are found there, or say nothing where that is outside", () => {
  const far = tiffOf(6, { type: 4, count: 2, secret: "\x03\0\0\0\x06\0\0\0" });
  far.writeUInt32LE(38, 30);
  expect(readOrientation(far)).toBe(3);
  far.writeUInt32LE(0xff_ff_ff_ff, 30);
  expect(readOrientation(far)).toBe(1);
  far.writeUInt32LE(far.byteLength - 3, 30);
  expect(readOrientation(far)).toBe(1);
});

test.each<[string, Buffer]>([
  ["nothing", Buffer.alloc(0)],
  ["a few letters", Buffer.from("II*")],
  ["another number behind the order", Buffer.from(tiffOf(6)).fill(43, 2, 3)],
  ["another order", Buffer.concat([Buffer.from("IM"), tiffOf(6).subarray(2)])],
  ["a directory outside", Buffer.from(tiffOf(6)).fill(0xff, 4, 8)],
  ["a directory at the last byte", Buffer.from(tiffOf(6)).fill(37, 4, 5)],
  ["a directory that is cut", tiffOf(6).subarray(0, 31)],
  ["another type", tiffOf(6, { type: 12 })],
])("EXIF with %s means upright", (_, tiff) => {
  expect(readOrientation(tiff)).toBe(1);
});

test("a directory that promises more entries than there are ends where the bytes end", () => {
  const tiff = Buffer.alloc(4_000);
  tiffOf(6).copy(tiff);
  tiff.writeUInt16LE(0x01_0f, 22);
  tiff.writeUInt16LE(65_535, 8);
  expect(readOrientation(tiff)).toBe(1);
});

test("random bytes behind a TIFF's first four never lead outside", () => {
  const random = seededRandom(3);
  for (let round = 0; round < 2_000; round += 1) {
    const tiff = Buffer.from(tiffOf(random.integer(0, 9), { big: random.chance(0.5) }));
    for (let change = 0; change < 3; change += 1) {
      tiff[random.integer(4, tiff.byteLength - 1)] = random.chance(0.5) ? 0xff : random.integer(0, 40);
    }
    expect(readOrientation(tiff.subarray(0, random.integer(0, tiff.byteLength)))).toBeGreaterThan(0);
  }
});

test("what is written of an orientation is read again, here and by the decoder", async () => {
  for (const orientation of [2, 3, 4, 5, 6, 7, 8] as const) {
    expect(orientationTiff(orientation)).toHaveLength(26);
    expect(readOrientation(orientationTiff(orientation))).toBe(orientation);
    expect(await asDecoded(orientationTiff(orientation))).toBe(orientation);
  }
});
