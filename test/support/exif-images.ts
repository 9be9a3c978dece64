import sharp, { type Sharp } from "sharp";
import { tiffOf } from "./exif.ts";
import { exifSegment, segment, withSegments, withSegmentsAtEnd } from "./jpeg-segments.ts";
import { pngChunk, withChunks, withChunksAtEnd } from "./png-chunks.ts";
import { seededRandom } from "./random.ts";
import { extendedWebp, webpChunk, webpChunks } from "./webp-chunks.ts";

export const imageTypes = ["jpeg", "png", "webp"] as const;
/** What must never be found again. */
export const canary = "canary-52.5200N-13.4050E";
/** Of every picture here. */
export const [width, height] = [48, 32];

/** Colours in stripes with some noise, so that a turned or damaged one shows. */
export function picture(channels: 3 | 4 = 3): Sharp {
  const random = seededRandom(7);
  const pixels = Buffer.from(
    Array.from({ length: width * height * channels }, (_, index) => (index + random.integer(0, 40)) % 256),
  );
  return sharp(pixels, { raw: { width, height, channels } });
}

/** The picture with nothing beside it. */
export const plain = {
  jpeg: await picture().jpeg().toBuffer(),
  png: await picture().png().toBuffer(),
  webp: await picture().webp().toBuffer(),
};

/** One image in every way that its type offers to say something beside the picture. */
export function talkative(type: (typeof imageTypes)[number], orientation: number, secret = canary): Buffer {
  const tiff = tiffOf(orientation, { secret });
  if (type === "jpeg") {
    return Buffer.concat([
      withSegmentsAtEnd(
        withSegments(
          plain.jpeg,
          exifSegment(tiff),
          segment(0xe1, `http://ns.adobe.com/xap/1.0/\0<x>${secret}</x>`),
          segment(0xe2, `MPF\0${secret}`),
          segment(0xe0, `JFXX\0${secret}`),
          segment(0xed, `Photoshop 3.0\0${secret}`),
          segment(0xfe, secret),
        ),
        segment(0xfe, secret),
        segment(0xef, secret),
      ),
      Buffer.from(`${secret}\xff\xd9`, "latin1"),
      plain.jpeg,
    ]);
  }
  if (type === "png") {
    return Buffer.concat([
      withChunksAtEnd(
        withChunks(
          plain.png,
          pngChunk("eXIf", tiff),
          pngChunk("tEXt", `Comment\0${secret}`),
          pngChunk("iTXt", `XML:com.adobe.xmp\0\0\0\0\0${secret}`),
          pngChunk("tIME", Buffer.alloc(7)),
          pngChunk("gAMA", `1234${secret}`),
          pngChunk("prVt", secret),
        ),
        pngChunk("tEXt", `Comment\0${secret}`),
        pngChunk("tRNS", secret),
      ),
      Buffer.from(secret),
    ]);
  }
  const chunks = webpChunks(plain.webp).map(({ bytes }) => bytes);
  return Buffer.concat([
    extendedWebp(
      { flags: 0x0c, width, height },
      webpChunk("UNKN", secret),
      ...chunks,
      webpChunk("EXIF", tiff),
      webpChunk("XMP ", secret),
      webpChunk("UNKN", secret),
    ),
    Buffer.from(secret),
  ]);
}
