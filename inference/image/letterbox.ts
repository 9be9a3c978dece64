import type { Box, ImageSize } from "#inference/contract.ts";

/** Where an image lies inside a model's input: scaled to `width` x `height`, its corner at `left`, `top`. */
export type Letterbox = {
  readonly input: ImageSize;
  readonly scale: number;
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
};

/** The grey around the image that detectors of this family were trained with. */
export const padding = 114;

/** The published letterbox: the largest scale that fits, centred, the odd pixel to the right and the bottom. */
export function letterbox(image: ImageSize, input: ImageSize): Letterbox {
  const scale = Math.min(input.height / image.height, input.width / image.width);
  // A very long image would round to nothing.
  const width = Math.max(1, roundHalfToEven(image.width * scale));
  const height = Math.max(1, roundHalfToEven(image.height * scale));
  return {
    input,
    scale,
    width,
    height,
    left: Math.max(0, Math.round((input.width - width) / 2 - 0.1)),
    top: Math.max(0, Math.round((input.height - height) / 2 - 0.1)),
  };
}

/** A box in the model's input as a box in the image, cut at its edges. */
export function fromInput(box: Box, { scale, left, top }: Letterbox, image: ImageSize): Box {
  return {
    x1: clip((box.x1 - left) / scale, image.width),
    y1: clip((box.y1 - top) / scale, image.height),
    x2: clip((box.x2 - left) / scale, image.width),
    y2: clip((box.y2 - top) / scale, image.height),
  };
}

/** The rule was published in Python, whose `round` takes the even neighbour of a half. */
function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  return value - floor === 0.5 && floor % 2 === 0 ? floor : Math.round(value);
}

function clip(value: number, limit: number): number {
  return Math.min(Math.max(value, 0), limit);
}
