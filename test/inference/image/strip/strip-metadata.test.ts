import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { digestImage } from "#gateway/prepare/digest-image.ts";
import { decodeImage } from "#inference/image/decode.ts";
import { orientedSize, stripMetadata } from "#inference/image/strip/strip-metadata.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { tiffOf } from "#test/support/exif.ts";
import { canary, height, imageTypes, picture, plain, talkative, width } from "#test/support/exif-images.ts";
import { exifSegment, withSegments } from "#test/support/jpeg-segments.ts";
import { pngChunk, withChunks } from "#test/support/png-chunks.ts";
import { extendedWebp, webpChunk, webpChunks } from "#test/support/webp-chunks.ts";

function whole({ pieces }: { readonly pieces: readonly Uint8Array[] }): Buffer {
  return Buffer.concat(pieces);
}

async function pixelsOf(image: Buffer): Promise<Buffer> {
  const { pixels, image: size } = await decodeImage(image, { input: { width, height } });
  return Buffer.concat([Buffer.from(`${size.width}x${size.height}`), pixels]);
}

async function rawPixelsOf(image: Buffer): Promise<Buffer> {
  return await sharp(image).raw().toBuffer();
}

const orientations = [1, 2, 3, 4, 5, 6, 7, 8] as const;

describe.each(imageTypes)("a %s", (type) => {
  test(`${type} without metadata stays the very buffer that it was`, () => {
    const image = new Uint8Array(plain[type]);
    const stripped = stripMetadata(image);
    expect(stripped).toMatchObject({ type, size: { width, height }, orientation: 1, removed: 0 });
    expect(stripped.byteLength).toBe(image.byteLength);
    expect(stripped.pieces).toHaveLength(1);
    expect(stripped.pieces[0]).toBe(image);
  });

  test.each(orientations)(
    `${type} of orientation %i loses every secret and no pixel`,
    async (orientation) => {
      const image = talkative(type, orientation);
      const stripped = stripMetadata(image);
      const left = whole(stripped);
      expect((await sharp(image).metadata()).orientation).toBe(orientation);
      expect(stripped.orientation).toBe(orientation);
      expect((await sharp(left).metadata()).orientation ?? 1).toBe(orientation);
      expect(left.includes(canary)).toBe(false);
      expect(left.byteLength).toBe(stripped.byteLength);
      expect(stripped.removed).toBe(image.byteLength - left.byteLength);
      expect(await pixelsOf(left)).toEqual(await pixelsOf(image));
      const { width: wide, height: high } = (await decodeImage(image, { input: { width, height } })).image;
      expect(orientedSize(stripped.size, stripped.orientation)).toEqual({ width: wide, height: high });
    },
  );

  test(`${type} has the same digest whatever its metadata say, and another when it is turned`, () => {
    const digest = (image: Buffer) => digestImage(stripMetadata(image).pieces);
    expect(digest(talkative(type, 6, "here"))).toBe(digest(talkative(type, 6, "somewhere else")));
    expect(digest(talkative(type, 1))).toBe(digest(plain[type]));
    expect(digest(talkative(type, 3))).not.toBe(digest(talkative(type, 6)));
  });

  test(`${type} that was stripped has nothing left to strip`, () => {
    for (const orientation of orientations) {
      const once = whole(stripMetadata(talkative(type, orientation)));
      const twice = stripMetadata(once);
      expect(twice.pieces[0]).toBe(once);
      expect(twice).toMatchObject({ removed: 0, orientation });
    }
  });

  test(`${type} is left in views of its own bytes, and only headers are new`, () => {
    const image = talkative(type, 6);
    const copied = stripMetadata(image).pieces.filter((piece) => piece.buffer !== image.buffer);
    expect(copied.reduce((sum, piece) => sum + piece.byteLength, 0)).toBeLessThan(100);
  });

  test(`${type} that is cut anywhere before its end is refused`, () => {
    for (const image of [plain[type], whole(stripMetadata(talkative(type, 6)))]) {
      for (let length = 12; length < image.byteLength - 1; length += length < 300 ? 1 : 17) {
        expect(refusal(image.subarray(0, length)), `${length} bytes`).toBe("image_undecodable");
      }
    }
  });
});

function refusal(image: Uint8Array): string {
  try {
    stripMetadata(image);
  } catch (error) {
    if (error instanceof TradewindError) return error.code;
    throw error;
  }
  return "none";
}

const others: Readonly<Record<string, () => Promise<Buffer>>> = {
  "a progressive JPEG": () => picture().jpeg({ progressive: true }).toBuffer(),
  "a grey JPEG": () => picture().toColourspace("b-w").jpeg().toBuffer(),
  "a CMYK JPEG": () => picture().toColourspace("cmyk").jpeg().toBuffer(),
  "a JPEG of full colour": () => picture().jpeg({ chromaSubsampling: "4:4:4" }).toBuffer(),
  "a JPEG with a colour profile": () => picture().withIccProfile("p3").jpeg().toBuffer(),
  "a 16-bit PNG": () => picture().toColourspace("rgb16").png().toBuffer(),
  "a PNG with a palette": () => picture().png({ palette: true }).toBuffer(),
  "a PNG with a palette and clear places": () => picture(4).png({ palette: true }).toBuffer(),
  "an interlaced PNG": () => picture().png({ progressive: true }).toBuffer(),
  "a PNG with a colour profile": () => picture().withIccProfile("p3").png().toBuffer(),
  "a grey PNG": () => picture().toColourspace("b-w").png().toBuffer(),
  "a WebP without loss": () => picture().webp({ lossless: true }).toBuffer(),
  "a WebP with clear places": () => picture(4).webp().toBuffer(),
  "a WebP with clear places and without loss": () => picture(4).webp({ lossless: true }).toBuffer(),
  "a WebP with a colour profile": () => picture().withIccProfile("p3").webp().toBuffer(),
};

test.each(Object.entries(others))("%s keeps its pixels, its profile and its kind", async (_, make) => {
  const made = await make();
  const turned = await withExif(made);
  expect(turned.byteLength).toBeGreaterThan(made.byteLength);
  for (const image of [made, turned]) {
    const left = whole(stripMetadata(image));
    expect(await pixelsOf(left)).toEqual(await pixelsOf(image));
    expect(await rawPixelsOf(left)).toEqual(await rawPixelsOf(image));
    const [before, after] = [await sharp(image).metadata(), await sharp(left).metadata()];
    const kind = ({ space, channels, depth, hasAlpha, hasProfile, isProgressive, icc }: typeof before) => ({
      space,
      channels,
      depth,
      hasAlpha,
      hasProfile,
      isProgressive,
      icc: icc?.toString("hex"),
    });
    expect(kind(after)).toEqual(kind(before));
    expect(after.exif?.includes("canary") ?? false).toBe(false);
  }
});

/** As sharp writes it, with more than the orientation in it, and without another encoding of the picture. */
async function withExif(image: Buffer): Promise<Buffer> {
  const tiff = tiffOf(8, { secret: canary });
  const { format } = await sharp(image).metadata();
  if (format === "jpeg") return withSegments(image, exifSegment(tiff));
  if (format === "png") return withChunks(image, pngChunk("eXIf", tiff));
  const chunks = webpChunks(image);
  const header = chunks.find(({ type }) => type === "VP8X")?.bytes[8];
  const lossless = chunks.find(({ type }) => type === "VP8L")?.bytes;
  const alpha = lossless && (lossless.readUInt32LE(9) >>> 28) & 1 ? 0x10 : 0;
  const body = chunks.filter(({ type }) => type !== "VP8X").map(({ bytes }) => bytes);
  const flags = (header ?? alpha) | 0x08;
  return extendedWebp({ flags, width, height }, ...body, webpChunk("EXIF", tiff));
}

test("an image of another type is refused by its type", () => {
  expect(refusal(Buffer.from("GIF89a"))).toBe("image_type_unsupported");
});

test("an image is read where its view begins and no further", () => {
  const image = talkative("jpeg", 6);
  const room = Buffer.alloc(image.byteLength + 200, 0xff);
  image.copy(room, 100);
  const view = new Uint8Array(room.buffer, room.byteOffset + 100, image.byteLength);
  expect(whole(stripMetadata(view))).toEqual(whole(stripMetadata(image)));
  const short = room.subarray(100, 100 + plain.jpeg.byteLength / 2);
  expect(refusal(short)).toBe("image_undecodable");
});
