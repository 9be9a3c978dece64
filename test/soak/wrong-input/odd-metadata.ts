import { crc32 } from "node:zlib";
import { exifPrefix, tiffOf } from "../../support/exif.ts";
import { exifSegment, segment, withSegments, withSegmentsAtEnd } from "../../support/jpeg-segments.ts";
import { pngChunk, pngChunks, withChunks, withChunksAtEnd } from "../../support/png-chunks.ts";
import type { Random } from "../../support/random.ts";
import { extendedWebp, riff, webpChunk, webpChunks } from "../../support/webp-chunks.ts";
import { canary, type Made, pick, plain, type Target } from "./compose.ts";
import { randomBytes, truncated } from "./images.ts";

/** Images whose pictures are sound and whose metadata are not: what is cut out of them must be found first. */
export function oddMetadata(target: Target, random: Random): Made {
  const { images } = target;
  const [type, spoil] = pick(spoilers, random);
  const body = random.chance(0.85)
    ? spoil(images[type], random)
    : truncated(spoil(images[type], random), random);
  const headers = { "content-type": `image/${type}`, "cache-control": pick(["no-store", ""], random) };
  return plain(target, { headers, body }, { mayPass: true });
}

type Spoiler = (image: Buffer, random: Random) => Buffer;

const oddTiff = (random: Random): Buffer => {
  const tiff = tiffOf(random.integer(0, 255), {
    big: random.chance(0.5),
    type: random.integer(0, 13),
    count: pick([0, 1, 2, 0xffff, 0x7fffffff, 0xffffffff], random),
    secret: canary,
  });
  if (random.chance(0.5)) tiff.writeUInt8(random.integer(0, 255), random.integer(0, tiff.length - 1));
  return random.chance(0.2) ? truncated(tiff, random) : tiff;
};

/** A directory whose count promises as many entries as its type can. */
const exifBomb = (random: Random): Buffer => {
  const tiff = Buffer.concat([tiffOf(6), Buffer.alloc(random.integer(0, 60_000), pick([0, 0xff], random))]);
  tiff.writeUInt16LE(0xffff, 8);
  return tiff;
};

const loop = (): Buffer => {
  const tiff = tiffOf(6);
  tiff.writeUInt32LE(8, 34);
  return tiff;
};

/** The marker stays, the length of its segment lies. */
const lyingSegment = (random: Random): Buffer => {
  const lying = segment(pick([0xe0, 0xe1, 0xe2, 0xed, 0xfe, 0xdb, 0xc4], random), canary);
  lying.writeUInt16BE(pick([0, 1, 2, 3, 0x7fff, 0xffff], random), 2);
  return lying;
};

const jpegs: readonly Spoiler[] = [
  (image, random) => withSegments(image, exifSegment(oddTiff(random))),
  (image, random) => withSegments(image, exifSegment(exifBomb(random).subarray(0, 60_000))),
  (image) => withSegments(image, exifSegment(loop())),
  (image, random) => withSegments(image, lyingSegment(random)),
  (image, random) => withSegmentsAtEnd(image, lyingSegment(random)),
  (image, random) =>
    withSegments(image, ...Array.from({ length: random.integer(1_000, 1_100) }, () => segment(0xfe, canary))),
  (image, random) => withSegments(image, Buffer.alloc(random.integer(1, 50_000), 0xff)),
  (image, random) => withSegments(image, segment(random.integer(0, 255), randomBytes(20, random))),
  (image, random) => {
    const copy = Buffer.from(image);
    copy.writeUInt16BE(random.integer(0, 0xffff), 4);
    return copy;
  },
  (image) => withSegments(image, exifSegment(tiffOf(6)), exifSegment(tiffOf(3))),
  (image) => withSegments(image, segment(0xe2, "ICC_PROFILE\0\u0001\u0009"), segment(0xe2, "MPF\0II*\0")),
  (image) => Buffer.concat([image, image]),
  (image) => withSegments(image, segment(0xe1, "Exif")),
];

const pngs: readonly Spoiler[] = [
  (image, random) => {
    const copy = Buffer.from(image);
    const chunk = pick(pngChunks(image), random);
    copy.writeUInt32BE(pick([0, 1, 0x7fffffff, 0x80000000, 0xffffffff], random), chunk.from);
    return copy;
  },
  (image, random) => {
    const copy = Buffer.from(image);
    const chunk = pick(pngChunks(image), random);
    copy.writeUInt32BE(random.bits(), chunk.to - 4);
    return copy;
  },
  (image, random) => withChunks(image, pngChunk("eXIf", oddTiff(random))),
  (image, random) => withChunks(image, pngChunk("eXIf", exifBomb(random))),
  (image, random) =>
    withChunks(
      image,
      ...Array.from({ length: random.integer(1_000, 1_100) }, () => pngChunk("tEXt", canary)),
    ),
  (image) => withChunks(image, pngChunk("zTXt", `Comment\0\0${canary}`), pngChunk("iTXt", "\0\0\0\0")),
  (image) => withChunksAtEnd(image, pngChunk("IHDR", Buffer.alloc(13))),
  (image, random) => withChunks(image, pngChunk(pick(["\0\0\0\0", "ABCD", "IEND", "acTL"], random), "x")),
  (image) => Buffer.concat([image.subarray(0, 33), image.subarray(-12)]),
  (image, random) => {
    const copy = Buffer.from(image);
    copy[random.integer(24, 28)] = random.integer(0, 255);
    copy.writeUInt32BE(crc32(copy.subarray(12, 29)), 29);
    return copy;
  },
];

const inner = (image: Buffer): Buffer[] => webpChunks(image).map(({ bytes }) => bytes);

const webps: readonly Spoiler[] = [
  (image, random) => {
    const copy = Buffer.from(image);
    copy.writeUInt32LE(pick([0, 1, 4, 0x7fffffff, 0xffffffff, image.length], random), 4);
    return copy;
  },
  (image, random) => {
    const copy = Buffer.from(image);
    copy.writeUInt32LE(pick([0, 1, 9, 0x7fffffff, 0xffffffff, image.length - 19], random), 16);
    return copy;
  },
  (image, random) =>
    extendedWebp(
      { flags: random.integer(0, 255), width: 200, height: 150 },
      ...inner(image),
      webpChunk("EXIF", Buffer.concat([random.chance(0.5) ? exifPrefix : Buffer.alloc(0), oddTiff(random)])),
    ),
  (image, random) =>
    extendedWebp({ flags: 8, width: 200, height: 150 }, ...inner(image), webpChunk("EXIF", exifBomb(random))),
  (image, random) =>
    extendedWebp(
      { flags: 0, width: random.integer(1, 16_777_216), height: random.integer(1, 16_777_216) },
      ...inner(image),
    ),
  (image, random) =>
    riff(
      ...inner(image),
      ...Array.from({ length: random.integer(1_000, 1_100) }, () => webpChunk("XMP ", canary)),
    ),
  (image) => riff(webpChunk("VP8X", "short"), ...inner(image)),
  () => riff(),
  (image) => riff(...inner(image), ...inner(image)),
  (image, random) =>
    riff(webpChunk(pick(["ANIM", "ANMF", "ALPH", "\0\0\0\0"], random), "abc"), ...inner(image)),
];

const spoilers: readonly (readonly [keyof Target["images"], Spoiler])[] = [
  ...jpegs.map((spoil) => ["jpeg", spoil] as const),
  ...pngs.map((spoil) => ["png", spoil] as const),
  ...webps.map((spoil) => ["webp", spoil] as const),
];
