import type { ImageSize } from "#inference/contract.ts";
import { type Letterbox, letterbox } from "./letterbox.ts";

/**
 * How an image is laid into a model's input: whole with grey around it, scaled until it covers the input and cut to its
 * middle, or whole and stretched. Only of a letterbox can pixels be followed back through `scale`.
 */
export type Fit = "letterbox" | "crop" | "stretch";

export type Fitted = {
  /** What the image is scaled to. */
  readonly scaled: ImageSize;
  /** The upper left corner of what is kept of it. */
  readonly cut: { readonly left: number; readonly top: number };
  /** Where that lies in the input. */
  readonly letterbox: Letterbox;
};

export function fitImage(image: ImageSize, input: ImageSize, fit: Fit): Fitted {
  if (fit === "letterbox") {
    const place = letterbox(image, input);
    return {
      scaled: { width: place.width, height: place.height },
      cut: { left: 0, top: 0 },
      letterbox: place,
    };
  }
  const scaled = fit === "crop" ? covering(image, input) : input;
  const cut = { left: halfOf(scaled.width - input.width), top: halfOf(scaled.height - input.height) };
  const scale = scaled.width / image.width;
  return { scaled, cut, letterbox: { input, scale, ...input, left: 0, top: 0 } };
}

/** Nothing is seen of the far ends of a very long image, which needs not be scaled in its whole length. */
const longest = 65_535;

/** The published rule of classifiers: the shorter side is scaled to the input's, the longer one as much. */
function covering(image: ImageSize, input: ImageSize): ImageSize {
  const scale = Math.max(input.width / image.width, input.height / image.height);
  const side = (from: number, to: number): number =>
    Math.min(Math.max(to, Math.trunc(from * scale + 1e-9)), longest);
  return { width: side(image.width, input.width), height: side(image.height, input.height) };
}

/** Published in Python, whose `round` takes the even neighbour of a half: 1 and 3 are halved to 0 and 2. */
function halfOf(pixels: number): number {
  return pixels % 4 === 3 ? Math.ceil(pixels / 2) : Math.floor(pixels / 2);
}
