import type { ImageSize } from "../../contract.ts";
import { type ImageType, sniffImage } from "../sniff.ts";
import type { Orientation } from "./exif-orientation.ts";
import { stripJpeg } from "./strip-jpeg.ts";
import { stripPng } from "./strip-png.ts";
import { stripWebp } from "./strip-webp.ts";

/** An image without what it tells of its maker, place and time; a decoder sees the same picture as before. */
export type StrippedImage = {
  readonly type: ImageType;
  /** As the header has it, before orientation. */
  readonly size: ImageSize;
  readonly orientation: Orientation;
  /** In order; views into the given bytes wherever they could stay, and those bytes themselves where all could. */
  readonly pieces: readonly Uint8Array[];
  /** Of all pieces. */
  readonly byteLength: number;
  /** How many bytes fewer than were given. */
  readonly removed: number;
};

const strippers = { jpeg: stripJpeg, png: stripPng, webp: stripWebp };

/**
 * Takes whole segments out and never encodes anew. Orientation, colour profile and what a decoder of the first frame
 * needs remain; thumbnails, later frames and appended files do not. What cannot be walked is refused, since in what is
 * not understood anything may hide.
 */
export function stripMetadata(image: Uint8Array): StrippedImage {
  const type = sniffImage(image);
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.byteLength);
  const { size, orientation, kept } = strippers[type](bytes);
  const isWhole = kept.length === 1 && kept[0]?.byteLength === image.byteLength;
  const pieces = isWhole ? [image] : kept;
  const byteLength = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  const removed = Math.max(0, image.byteLength - byteLength);
  return { type, size, orientation, pieces, byteLength, removed };
}

/** As a person sees it: from 5 on, orientations turn the image by a quarter. */
export function orientedSize({ width, height }: ImageSize, orientation: Orientation): ImageSize {
  return orientation >= 5 ? { width: height, height: width } : { width, height };
}
