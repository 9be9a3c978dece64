import sharp from "sharp";
import { expect, test } from "vitest";
import { stripMetadata } from "#inference/image/strip/strip-metadata.ts";
import { tiffOf } from "#test/support/exif.ts";
import { extendedWebp, riff, webpChunk, webpChunks } from "#test/support/webp-chunks.ts";

const size = { width: 12, height: 8 };
const image = { create: { ...size, channels: 3 as const, background: "#a05010" } };
const webp = await sharp(image).webp().toBuffer();
const picture = webp.subarray(12);

function left(bytes: Buffer): Buffer {
  return Buffer.concat(stripMetadata(bytes).pieces);
}

function typesOf(bytes: Buffer): string[] {
  return webpChunks(bytes).map(({ type }) => type);
}

async function pixelsOf(bytes: Buffer): Promise<Buffer> {
  return await sharp(bytes, { failOn: "error" }).raw().toBuffer();
}

/** Two frames that lie side by side, the first of them with something written into it. */
function animated(): Buffer {
  const header = Buffer.alloc(16);
  header.writeUIntLE(size.width - 1, 6, 3);
  header.writeUIntLE(size.height - 1, 9, 3);
  const frame = (...inside: Buffer[]) => webpChunk("ANMF", Buffer.concat([header, ...inside]));
  return extendedWebp(
    { flags: 0x02, ...size },
    webpChunk("ANIM", Buffer.alloc(6)),
    frame(picture, webpChunk("ABCD", "secret")),
    frame(picture, webpChunk("ABCD", "secret")),
  );
}

test("of an animated WebP the first frame stays, without what was written into it", async () => {
  const stripped = left(animated());
  expect(typesOf(stripped)).toEqual(["VP8X", "ANIM", "ANMF"]);
  expect(stripped.includes("secret")).toBe(false);
  expect(await pixelsOf(stripped)).toEqual(await pixelsOf(animated()));
  expect(left(stripped)).toEqual(stripped);
});

test("a simple WebP keeps its picture alone", () => {
  expect(left(riff(picture, webpChunk("ABCD", "secret"), webpChunk("EXIF", tiffOf(6))))).toEqual(webp);
});

test("a WebP extended for its metadata alone becomes the simple file that it was", () => {
  expect(left(extendedWebp({ flags: 0x04, ...size }, picture, webpChunk("XMP ", "secret")))).toEqual(webp);
});

test("a WebP stays extended where the header says what the picture does not", () => {
  const wider = extendedWebp({ flags: 0x04, width: 13, height: 8 }, picture, webpChunk("XMP ", "secret"));
  expect(left(wider)).toEqual(extendedWebp({ flags: 0, width: 13, height: 8 }, picture));
  const clear = extendedWebp({ flags: 0x14, ...size }, picture, webpChunk("XMP ", "secret"));
  expect(left(clear)).toEqual(extendedWebp({ flags: 0x10, ...size }, picture));
});

const prefixed = Buffer.concat([Buffer.from("Exif\0\0", "latin1"), tiffOf(6)]);

test.each<[string, Buffer, number]>([
  ["bare", extendedWebp({ flags: 8, ...size }, picture, webpChunk("EXIF", tiffOf(6))), 6],
  ["with the prefix of a JPEG", extendedWebp({ flags: 8, ...size }, picture, webpChunk("EXIF", prefixed)), 6],
  ["before the picture", extendedWebp({ flags: 8, ...size }, webpChunk("EXIF", tiffOf(6)), picture), 6],
  [
    "twice",
    extendedWebp({ flags: 8, ...size }, picture, webpChunk("EXIF", tiffOf(6)), webpChunk("EXIF", tiffOf(3))),
    6,
  ],
  ["without announcing it", extendedWebp({ flags: 0, ...size }, picture, webpChunk("EXIF", tiffOf(6))), 1],
])("a WebP that tells its orientation %s lies as the decoder thinks", async (_, turned, orientation) => {
  expect((await sharp(turned).metadata()).orientation ?? 1).toBe(orientation);
  const stripped = stripMetadata(turned);
  expect(stripped.orientation).toBe(orientation);
  expect((await sharp(left(turned)).metadata()).orientation ?? 1).toBe(orientation);
  expect(await pixelsOf(left(turned))).toEqual(await pixelsOf(turned));
});

test.each<[string, Buffer, string]>([
  [
    "a length beyond its file",
    Buffer.concat([Buffer.from("RIFF\xff\xff\0\0", "latin1"), webp.subarray(8)]),
    "cut short",
  ],
  ["an unknown first chunk", riff(webpChunk("ABCD", Buffer.alloc(20)), picture), "its header is odd"],
  [
    "an extended header of the wrong length",
    riff(webpChunk("VP8X", Buffer.alloc(12)), picture),
    "its header is odd",
  ],
  [
    "no picture",
    extendedWebp({ flags: 0, ...size }, webpChunk("XMP ", "secret")),
    "it ends before any picture",
  ],
  [
    "an empty frame",
    extendedWebp({ flags: 2, ...size }, webpChunk("ANMF", Buffer.alloc(16))),
    "a frame of it has no picture",
  ],
  [
    "a frame without a header",
    extendedWebp({ flags: 2, ...size }, webpChunk("ANMF", Buffer.alloc(4))),
    "a frame of it has no picture",
  ],
  [
    "a chunk that ends behind the file",
    extendedWebp({ flags: 0, ...size }, picture, Buffer.from("XMP \xff\xff\xff\xff", "latin1")),
    "cut short",
  ],
  [
    "a chunk without an evening byte",
    extendedWebp({ flags: 0, ...size }, picture, webpChunk("XMP ", "odd").subarray(0, -1)),
    "cut short",
  ],
])("a WebP with %s is refused and says so", (_, bytes, message) => {
  expect(() => stripMetadata(bytes)).toThrow(
    expect.objectContaining({ code: "image_undecodable", message: expect.stringContaining(message) }),
  );
});

test("a simple WebP whose odd picture lacks its evening byte stays as it is", async () => {
  const odd = [10, 12, 20, 31, 33, 40, 45, 50].map((side) =>
    sharp({ create: { width: side, height: side, channels: 3, background: { r: 5 * side, g: side, b: 3 } } })
      .webp({ lossless: true })
      .toBuffer(),
  );
  const found = (await Promise.all(odd)).find((bytes) => bytes.readUInt32LE(16) % 2 === 1);
  if (!found) throw new Error("no picture of an odd length");
  const bare = Buffer.from(found.subarray(0, -1));
  bare.writeUInt32LE(bare.byteLength - 8, 4);
  expect(stripMetadata(bare)).toMatchObject({ removed: 0 });
});
