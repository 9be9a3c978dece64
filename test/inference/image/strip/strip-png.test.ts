import sharp from "sharp";
import { expect, test } from "vitest";
import { stripMetadata } from "#inference/image/strip/strip-metadata.ts";
import { tiffOf } from "#test/support/exif.ts";
import { pngChunk, pngChunks, withChunks, withChunksAtEnd } from "#test/support/png-chunks.ts";

const image = { create: { width: 12, height: 8, channels: 3 as const, background: "#a05010" } };
const png = await sharp(image).png().toBuffer();

function left(bytes: Buffer): Buffer {
  return Buffer.concat(stripMetadata(bytes).pieces);
}

function typesOf(bytes: Buffer): string[] {
  return pngChunks(bytes).map(({ type }) => type);
}

test("a PNG keeps what tells its colours and loses what only tells of it", () => {
  const kept = [
    pngChunk("gAMA", Buffer.alloc(4, 1)),
    pngChunk("cHRM", Buffer.alloc(32, 1)),
    pngChunk("sRGB", Buffer.alloc(1)),
    pngChunk("cICP", Buffer.from([1, 13, 0, 1])),
    pngChunk("sBIT", Buffer.from([8, 8, 8])),
    pngChunk("iCCP", "name\0\0profile"),
    pngChunk("mDCV", Buffer.alloc(24)),
    pngChunk("cLLI", Buffer.alloc(8)),
  ];
  const lost = ["tEXt", "zTXt", "iTXt", "tIME", "bKGD", "hIST", "sPLT", "eXIf", "acTL", "fcTL", "prIv"].map(
    (type) => pngChunk(type, "secret"),
  );
  expect(left(withChunks(png, ...kept, ...lost))).toEqual(withChunks(png, ...kept));
});

test("a kept chunk of a PNG that is longer than its kind may be goes too", () => {
  for (const type of ["gAMA", "cHRM", "sRGB", "cICP", "sBIT", "tRNS", "pHYs", "mDCV", "cLLI"]) {
    expect(left(withChunks(png, pngChunk(type, "secret".repeat(60)))), type).toEqual(png);
  }
});

test("the later frames of an animated PNG go, the first stays", async () => {
  const frame = pngChunk("fcTL", Buffer.alloc(26));
  const animated = withChunksAtEnd(
    withChunks(png, pngChunk("acTL", Buffer.from([0, 0, 0, 2, 0, 0, 0, 0])), frame),
    ...[frame, pngChunk("fdAT", "another picture")],
  );
  expect(left(animated)).toEqual(png);
});

test("a PNG's orientation lies behind its header with a sum that holds", async () => {
  const turned = left(withChunks(png, pngChunk("tEXt", "a\0b"), pngChunk("eXIf", tiffOf(6))));
  expect(typesOf(turned)).toEqual(["IHDR", "eXIf", ...typesOf(png).slice(1)]);
  const { from = 0, to = 0 } = pngChunks(turned)[1] ?? {};
  expect(turned.subarray(from, to)).toEqual(pngChunk("eXIf", turned.subarray(from + 8, to - 4)));
  expect((await sharp(turned, { failOn: "warning" }).metadata()).orientation).toBe(6);
});

test.each<[string, Buffer, number]>([
  ["twice", withChunks(png, pngChunk("eXIf", tiffOf(6)), pngChunk("eXIf", tiffOf(3))), 6],
  ["behind the pixels", withChunksAtEnd(png, pngChunk("eXIf", tiffOf(6))), 1],
  [
    "with the prefix of a JPEG",
    withChunks(png, pngChunk("eXIf", Buffer.concat([Buffer.from("Exif\0\0"), tiffOf(6)]))),
    1,
  ],
])("a PNG that tells its orientation %s lies as the decoder thinks", async (_, turned, orientation) => {
  expect((await sharp(turned).metadata()).orientation ?? 1).toBe(orientation);
  expect(stripMetadata(turned).orientation).toBe(orientation);
});

test("a PNG's end is empty afterwards, whatever stood in it", () => {
  const end = Buffer.concat([png.subarray(0, -12), pngChunk("IEND", "secret")]);
  expect(left(end)).toEqual(png);
});

test.each<[string, Buffer, string]>([
  ["a chunk that no decoder knows", withChunks(png, pngChunk("ABCD", "")), "a chunk that no decoder knows"],
  ["its header twice", withChunks(png, png.subarray(8, 33)), "its header twice"],
  [
    "another chunk before its header",
    Buffer.concat([png.subarray(0, 8), pngChunk("gAMA", "1234"), png.subarray(8)]),
    "its header is odd",
  ],
  [
    "a header of the wrong length",
    Buffer.concat([png.subarray(0, 8), pngChunk("IHDR", Buffer.alloc(14)), png.subarray(33)]),
    "its header is odd",
  ],
  [
    "no pixels",
    Buffer.concat([png.subarray(0, 8), pngChunk("IHDR", Buffer.alloc(13)), png.subarray(33)]),
    "it has no pixels",
  ],
  ["no data", Buffer.concat([png.subarray(0, 33), png.subarray(-12)]), "it ends before any picture"],
  ["no end", png.subarray(0, -12), "cut short"],
  [
    "a chunk that ends behind the file",
    withChunks(png, Buffer.from([0xff, 0xff, 0xff, 0xff, 0x61, 0x61, 0x61, 0x61])),
    "cut short",
  ],
  [
    "2,000 parts",
    withChunks(
      png,
      ...Array.from({ length: 2_000 }, () => Buffer.concat([pngChunk("sRGB", "\0"), pngChunk("tEXt", "")])),
    ),
    "too many parts",
  ],
])("a PNG with %s is refused and says so", (_, bytes, message) => {
  expect(() => stripMetadata(bytes)).toThrow(
    expect.objectContaining({ code: "image_undecodable", message: expect.stringContaining(message) }),
  );
});
