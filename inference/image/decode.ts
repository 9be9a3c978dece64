import { availableParallelism } from "node:os";
import sharp, { type Sharp } from "sharp";
import { abandoned } from "#inference/abandoned.ts";
import type { ImageSize } from "#inference/contract.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createGate } from "#infra/runtime/gate.ts";
import { type Fit, type Fitted, fitImage } from "./fit.ts";
import { headerSize } from "./header-size.ts";
import { type Letterbox, padding } from "./letterbox.ts";
import { plainJpeg } from "./plain-jpeg.ts";
import { type ImageType, sniffImage } from "./sniff.ts";

export type DecodeOptions = {
  /** What the model takes; the image comes out scaled to lie inside it, or as `fit` says. */
  readonly input: ImageSize;
  readonly fit?: Fit;
  readonly maxPixels?: number;
  /** What waits for its turn is not decoded when nobody wants it any more. */
  readonly signal?: AbortSignal;
};

export type DecodedImage = {
  /** As a person sees it: EXIF orientation applied. */
  readonly image: ImageSize;
  readonly letterbox: Letterbox;
  /** Interleaved 8-bit RGB, `letterbox.width` x `letterbox.height`. */
  readonly pixels: Uint8Array;
};

// Every other loader (SVG, HEIF, TIFF, GIF and more) is attack surface without a use here.
sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({
  operation: ["VipsForeignLoadJpegBuffer", "VipsForeignLoadPngBuffer", "VipsForeignLoadWebpBuffer"],
});
// Images hardly ever come twice, so that a cache of operations would only hold memory.
sharp.cache(false);

// A decoder fills a core. More of them than cores would only make all of them late, and hold an image each meanwhile.
const decoding = createGate(availableParallelism());

/** Decodes, orients, scales and brings to 8-bit RGB in one native call off this thread. */
export function decodeImage(bytes: Uint8Array, options: DecodeOptions): Promise<DecodedImage> {
  return decoding(() => decode(bytes, options));
}

async function decode(bytes: Uint8Array, options: DecodeOptions): Promise<DecodedImage> {
  const { input, fit = "letterbox", maxPixels = 50_000_000, signal } = options;
  if (signal?.aborted) throw abandoned(signal);
  const type = sniffImage(bytes);
  const claimed = headerSize(bytes, type);
  if (claimed && claimed.width * claimed.height > maxPixels) throw tooLarge(claimed, maxPixels);
  const plain = type === "jpeg" ? plainJpeg(bytes) : undefined;
  try {
    const source = openSource(bytes, maxPixels, plain !== undefined);
    const image = plain ?? (await orientedSize(source));
    const fitted = fitImage(image, input, fit);
    const pixels = await scaledPixels(plain ? source : opaque(source), fitted);
    return { image, letterbox: fitted.letterbox, pixels };
  } catch (error) {
    throw translate(error, type, maxPixels);
  }
}

/** Detectors were trained on pixels as they lie in the file; only what is not RGB yet needs its colour profile. */
function openSource(bytes: Uint8Array, limitInputPixels: number, isPlain: boolean): Sharp {
  return sharp(bytes, { failOn: "error", limitInputPixels, autoOrient: !isPlain, ignoreIcc: isPlain });
}

function opaque(source: Sharp): Sharp {
  return source.flatten({ background: { r: padding, g: padding, b: padding } }).toColourspace("srgb");
}

async function orientedSize(source: Sharp): Promise<ImageSize> {
  const { autoOrient } = await source.metadata();
  return { width: autoOrient.width, height: autoOrient.height };
}

async function scaledPixels(source: Sharp, { scaled, cut, letterbox }: Fitted): Promise<Uint8Array> {
  const resized = source.resize(scaled.width, scaled.height, { fit: "fill", kernel: "linear" });
  const isCut = scaled.width > letterbox.width || scaled.height > letterbox.height;
  const kept = isCut
    ? resized.extract({ ...cut, width: letterbox.width, height: letterbox.height })
    : resized;
  const { data, info } = await kept.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new Error(`the decoder gave ${info.channels} channels, expected 3`);
  return data;
}

function tooLarge({ width, height }: ImageSize, maxPixels: number): TradewindError {
  const megapixels = (pixels: number): number => Number((pixels / 1_000_000).toFixed(1));
  const size = `${width} x ${height} pixels (${megapixels(width * height)} megapixels)`;
  return new TradewindError(
    "image_too_large",
    `the image has ${size}, at most ${megapixels(maxPixels)} are allowed`,
  );
}

function translate(error: unknown, type: ImageType, maxPixels: number): TradewindError {
  const said = error instanceof Error ? error.message : "";
  if (/exceeds pixel limit/.test(said)) {
    const message = `the image has more than the ${maxPixels} pixels allowed here`;
    return new TradewindError("image_too_large", message, { cause: error });
  }
  const message = /premature end|truncated|not enough data|read error|end of stream|unexpected end/i.test(
    said,
  )
    ? `the ${type.toUpperCase()} image is cut short`
    : `the ${type.toUpperCase()} image is damaged and cannot be decoded`;
  return new TradewindError("image_undecodable", message, { cause: error });
}
