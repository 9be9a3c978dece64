import type { Box, FloatTensor, ImageSize } from "#inference/contract.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { drawMask, type Sums } from "./draw-mask.ts";
import { type Spans, spansOf } from "./mask-spans.ts";
import type { Seen } from "./on-image.ts";
import { compressRuns, type Runs } from "./run-lengths.ts";

export type MaskOf = (coefficients: Float32Array, box: Box) => string;

/** Of all masks of one image: places where a line is drawn, of which a tattered mask has many and a whole one few. */
type MaskOptions = { readonly maxSteps?: number };

/**
 * Makes the masks of one image's things from its prototypes [1, prototypes, height, width]. A mask is the prototypes'
 * weighted sum, magnified to the image bilinearly, above zero (where its sigmoid is above a half), within the box.
 */
export function createMasks(
  prototypes: FloatTensor,
  { image, letterbox: { input, left, top, scale } }: Seen,
  { maxSteps = 4_000_000 }: MaskOptions = {},
): MaskOf {
  const [, , height = 1, width = 1] = prototypes.shape;
  let steps = 0;
  return (coefficients, box) => {
    const across = spansOf(box.x1, box.x2, { offset: left, scale, cells: width, side: input.width });
    const down = spansOf(box.y1, box.y2, { offset: top, scale, cells: height, side: input.height });
    const runs: Runs = [];
    if (across.spans.length > 0 && down.spans.length > 0) {
      const sums = weightedSums(prototypes, coefficients, across, down);
      steps += drawMask(sums, across, down, { runs, height: image.height, maxSteps: maxSteps - steps });
    }
    if (steps > maxSteps) throw tooLarge(image);
    return compressRuns(runs, image.width * image.height);
  };
}

function tooLarge({ width, height }: ImageSize): TradewindError {
  const message = `the masks of this image of ${width} x ${height} pixels are too many or too tattered to be told`;
  const hint = "send a smaller image, or ask for fewer detections";
  return new TradewindError("image_too_large", message, { hint });
}

/** The weighted sum in the cells that are needed and no others. */
function weightedSums(
  { shape, data }: FloatTensor,
  coefficients: Float32Array,
  across: Spans,
  down: Spans,
): Sums {
  const [, , rows = 1, columns = 1] = shape;
  const [width, height] = [across.to - across.from + 1, down.to - down.from + 1];
  const values = new Float64Array(width * height);
  for (let layer = 0; layer < coefficients.length; layer += 1) {
    const weight = coefficients[layer] ?? 0;
    let to = 0;
    for (let row = down.from; row <= down.to; row += 1) {
      let from = (layer * rows + row) * columns + across.from;
      for (const end = to + width; to < end; to += 1, from += 1) {
        values[to] = (values[to] ?? 0) + weight * (data[from] ?? 0);
      }
    }
  }
  tame(values);
  return { values, width, height };
}

const huge = 1e100;

/** Lines are drawn from cell to cell, and none leads to infinity; what is no number is no part of a thing. */
function tame(values: Float64Array): void {
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] ?? 0;
    if (!(Math.abs(value) <= huge)) values[index] = value > 0 ? huge : -huge;
  }
}
