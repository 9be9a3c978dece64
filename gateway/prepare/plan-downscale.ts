import type { ImageSize, Task } from "#inference/contract.ts";
import type { ImageType } from "#inference/image/sniff.ts";

export type DownscaleRequest = {
  /** As a person sees it. */
  readonly size: ImageSize;
  readonly bytes: number;
  readonly type: ImageType;
  /** What the model takes. */
  readonly input: ImageSize;
  readonly task: Task;
};

export type DownscalePolicy = {
  /** How many pixels to leave for one pixel that the model sees, along each side. */
  readonly factor?: number;
  /** Images that are bigger by less than this, along each side, stay as they are. */
  readonly margin?: number;
};

export type DownscalePlan = ImageSize & {
  /** What the smaller image will have, more or less. */
  readonly expectedBytes: number;
};

/**
 * The smallest size from which the model still sees `factor` times the pixels it can take: at 1 the backend's own
 * letterbox has nothing left to shrink. Undefined where little is gained, and for masks, whose run lengths over the
 * small image cannot be told over the large one.
 */
export function planDownscale(
  { size, bytes, type, input, task }: DownscaleRequest,
  { factor = 1, margin = 1.3 }: DownscalePolicy = {},
): DownscalePlan | undefined {
  if (task === "segment") return undefined;
  const scale = factor * scaleInto(size, input, task);
  if (!(scale * margin < 1)) return undefined;
  const [width, height] = [roundUp(size.width * scale), roundUp(size.height * scale)];
  const expectedBytes = Math.ceil(width * height * bytesPerPixel(type, bytes / (size.width * size.height)));
  if (expectedBytes >= bytes) return undefined;
  return { width, height, expectedBytes };
}

/** Detectors see the whole image with grey around it; classifiers see its middle, cut where it covers their input. */
function scaleInto(size: ImageSize, input: ImageSize, task: Task): number {
  const scales = [input.width / size.width, input.height / size.height];
  return task === "classify" ? Math.max(...scales) : Math.min(...scales);
}

/** A whole number that came out a hair above itself stays what it is. */
function roundUp(pixels: number): number {
  return Math.max(1, Math.ceil(pixels - 1e-6));
}

/**
 * Of a JPEG of quality 90 with all its colours; what `npm run bench -- downscale` finds is half of it. A pixel of a
 * smaller image holds more detail, but where the original was pressed hard there is not much to hold.
 */
function bytesPerPixel(type: ImageType, ofOriginal: number): number {
  return type === "png" ? mostPerPixel : Math.min(mostPerPixel, 2 * ofOriginal);
}

const mostPerPixel = 0.4;
