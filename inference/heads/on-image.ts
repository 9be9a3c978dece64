import type { Box, Corners, ImageSize, Keypoint, Point } from "#inference/contract.ts";
import type { Letterbox } from "#inference/image/letterbox.ts";
import type { KeypointShape } from "./head-plan.ts";

/** The image that was asked about, and where it lay in the model's input. */
export type Seen = { readonly image: ImageSize; readonly letterbox: Letterbox };

/** A box in parts of the image, 0 to 1, in its pixels. */
export function fromParts(box: Box, { width, height }: ImageSize): Box {
  return {
    x1: clip(box.x1 * width, width),
    y1: clip(box.y1 * height, height),
    x2: clip(box.x2 * width, width),
    y2: clip(box.y2 * height, height),
  };
}

/** A keypoint that is no point is one that is not seen. */
export function keypointsOf(
  values: Float32Array,
  { count, numbers }: KeypointShape,
  { image, letterbox }: Seen,
): Keypoint[] {
  return Array.from({ length: count }, (_, index) => {
    const [x = 0, y = 0, certainty = 1] = values.subarray(index * numbers, (index + 1) * numbers);
    if (!Number.isFinite(x + y + certainty)) return { x: 0, y: 0, visibility: 0 };
    const point = pointOf(x, y, letterbox);
    return {
      x: clip(point.x, image.width),
      y: clip(point.y, image.height),
      visibility: clip(certainty, 1),
    };
  });
}

/**
 * A box of the input turned about its centre. Corners may lie outside of the image, since cutting them off would bend
 * the box; the upright box around them is cut.
 */
export function turnedBox(
  box: Box,
  angle: number,
  { image, letterbox }: Seen,
): { readonly box: Box; readonly corners: Corners } {
  const [x, y] = [(box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2];
  const [right, down] = [(box.x2 - box.x1) / 2, (box.y2 - box.y1) / 2];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const corner = (across: number, along: number): Point =>
    pointOf(x + across * cos - along * sin, y + across * sin + along * cos, letterbox);
  const corners: Corners = [
    corner(right, down),
    corner(right, -down),
    corner(-right, -down),
    corner(-right, down),
  ];
  return { corners, box: around(corners, image) };
}

function around(corners: Corners, { width, height }: ImageSize): Box {
  const xs = corners.map((corner) => clip(corner.x, width));
  const ys = corners.map((corner) => clip(corner.y, height));
  return { x1: Math.min(...xs), y1: Math.min(...ys), x2: Math.max(...xs), y2: Math.max(...ys) };
}

function pointOf(x: number, y: number, { left, top, scale }: Letterbox): Point {
  return { x: (x - left) / scale, y: (y - top) / scale };
}

function clip(value: number, limit: number): number {
  return Math.min(Math.max(value, 0), limit);
}
