import sharp, { type Sharp } from "sharp";
import type { ImageSize } from "#inference/contract.ts";
import { padding } from "#inference/image/letterbox.ts";
import { plainJpeg } from "#inference/image/plain-jpeg.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

export type Downscaled = {
  /** A JPEG that lies as a person sees it, without metadata. */
  readonly image: Uint8Array;
  /** What lengths in it are to be multiplied with to be lengths in the original. */
  readonly scaleX: number;
  readonly scaleY: number;
};

// The same three loaders as where images are decoded, and nothing kept of them: both may stand in one process.
sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({
  operation: ["VipsForeignLoadJpegBuffer", "VipsForeignLoadPngBuffer", "VipsForeignLoadWebpBuffer"],
});
sharp.cache(false);

/** The native part of `downscale`, apart so that it loads only where it is used. */
export async function shrink(
  pieces: readonly Uint8Array[],
  plan: ImageSize,
  maxPixels: number,
): Promise<Downscaled> {
  const [first] = pieces;
  const bytes = first && pieces.length === 1 ? first : Buffer.concat(pieces);
  try {
    const plain = plainJpeg(bytes);
    const source = openSource(bytes, maxPixels, plain !== undefined);
    const original = plain ?? (await orientedSize(source));
    const image = await encoded(source, plan);
    return { image, scaleX: original.width / plan.width, scaleY: original.height / plan.height };
  } catch (error) {
    throw translate(error, maxPixels);
  }
}

/** Colours are treated as the backend would treat them, so that the model sees the same in the copy. */
function openSource(bytes: Uint8Array, limitInputPixels: number, isPlain: boolean): Sharp {
  const source = sharp(bytes, {
    failOn: "error",
    limitInputPixels,
    autoOrient: !isPlain,
    ignoreIcc: isPlain,
  });
  return isPlain
    ? source
    : source.flatten({ background: { r: padding, g: padding, b: padding } }).toColourspace("srgb");
}

async function orientedSize(source: Sharp): Promise<ImageSize> {
  const { autoOrient } = await source.metadata();
  return autoOrient;
}

async function encoded(source: Sharp, { width, height }: ImageSize): Promise<Uint8Array> {
  return await source
    .resize(width, height, { fit: "fill", kernel: "linear" })
    .jpeg({ quality: 90, chromaSubsampling: "4:4:4" })
    .toBuffer();
}

function translate(error: unknown, maxPixels: number): TradewindError {
  const isTooLarge = error instanceof Error && /exceeds pixel limit/.test(error.message);
  return isTooLarge
    ? new TradewindError("image_too_large", `the image has more than the ${maxPixels} pixels allowed here`, {
        cause: error,
      })
    : new TradewindError("image_undecodable", "the image is damaged and cannot be decoded", { cause: error });
}
