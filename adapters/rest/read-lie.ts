import sharp from "sharp";
import type { ImageSize, Point } from "#inference/contract.ts";
import { plainJpeg } from "#inference/image/plain-jpeg.ts";
import { sniffImage } from "#inference/image/sniff.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

/** How an image lies in its file. */
export type Lie = {
  readonly type: string;
  /** Before it is turned. */
  readonly size: ImageSize;
  /** EXIF's number: 1 is upright, from 5 on it is turned by a quarter. */
  readonly orientation: number;
};

/** By hand where a JPEG lies upright, as most do; the decoder reads the head of everything else. */
export async function readLie(image: Uint8Array): Promise<Lie> {
  const type = sniffImage(image);
  const plain = type === "jpeg" ? plainJpeg(image) : undefined;
  if (plain) return { type, size: plain, orientation: 1 };
  try {
    const { width, height, orientation = 1 } = await sharp(image).metadata();
    return { type, size: { width, height }, orientation };
  } catch (cause) {
    throw new TradewindError("image_undecodable", `the image is no ${type} that can be read`, { cause });
  }
}

/** As a person sees it. */
export function turnedSize({ size, orientation }: Lie): ImageSize {
  return orientation >= 5 ? { width: size.height, height: size.width } : size;
}

/** A point of the file where a person sees it. */
export function turned({ x, y }: Point, { size: { width, height }, orientation }: Lie): Point {
  const over = { x: width - x, y: height - y };
  if (orientation === 2) return { x: over.x, y };
  if (orientation === 3) return over;
  if (orientation === 4) return { x, y: over.y };
  if (orientation === 5) return { x: y, y: x };
  if (orientation === 6) return { x: over.y, y: x };
  if (orientation === 7) return { x: over.y, y: over.x };
  return orientation === 8 ? { x: y, y: over.x } : { x, y };
}
