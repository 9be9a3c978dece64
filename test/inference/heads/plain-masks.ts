import type { Box, FloatTensor } from "#inference/contract.ts";
import type { Seen } from "#inference/heads/on-image.ts";

/** A mask pixel by pixel, column by column: interpolates the weighted sum at each pixel's centre. */
export function plainMask(
  prototypes: FloatTensor,
  coefficients: Float32Array,
  box: Box,
  { image, letterbox: { input, left, top, scale } }: Seen,
): boolean[] {
  const [, , height = 0, width = 0] = prototypes.shape;
  const along = (pixel: number, offset: number, cells: number, side: number): number =>
    Math.min(Math.max((((pixel + 0.5) * scale + offset) * cells) / side - 0.5, 0), cells - 1);
  const mix = (one: number, other: number, part: number): number => one + part * (other - one);
  const sums = Array.from({ length: height }, (_, row) =>
    Array.from({ length: width }, (_, column) => plainSum(prototypes, coefficients, row, column)),
  );
  const sumAt = (row: number, column: number): number =>
    sums[Math.min(row, height - 1)]?.[Math.min(column, width - 1)] ?? 0;
  const isSet = (x: number, y: number): boolean => {
    const [u, v] = [along(x, left, width, input.width), along(y, top, height, input.height)];
    const [column, row] = [Math.floor(u), Math.floor(v)];
    const upper = mix(sumAt(row, column), sumAt(row, column + 1), u - column);
    const lower = mix(sumAt(row + 1, column), sumAt(row + 1, column + 1), u - column);
    const inside = x >= box.x1 && x < box.x2 && y >= box.y1 && y < box.y2;
    return inside && mix(upper, lower, v - row) > 0;
  };
  return Array.from({ length: image.width }, (_, x) =>
    Array.from({ length: image.height }, (_, y) => isSet(x, y)),
  ).flat();
}

/** A sum that is no number is far below zero, and an endless one is a large one. */
function plainSum(
  { shape, data }: FloatTensor,
  coefficients: Float32Array,
  row: number,
  column: number,
): number {
  const [, layers = 0, height = 0, width = 0] = shape;
  let sum = 0;
  for (let layer = 0; layer < layers; layer += 1)
    sum += (coefficients[layer] ?? 0) * (data[(layer * height + row) * width + column] ?? 0);
  return Number.isNaN(sum) ? -1e100 : Math.min(Math.max(sum, -1e100), 1e100);
}

/** Reads COCO's compressed run lengths: the pixels column by column, true where they are set. */
export function readRuns(text: string): boolean[] {
  const counts: number[] = [];
  let [value, shift] = [0, 0];
  for (const character of text) {
    const group = character.charCodeAt(0) - 48;
    value += (group & 31) * 2 ** shift;
    shift += 5;
    if (group & 32) continue;
    if (group & 16) value -= 2 ** shift;
    counts.push(counts.length > 2 ? value + (counts.at(-2) ?? 0) : value);
    [value, shift] = [0, 0];
  }
  return counts.flatMap((count, index) => new Array<boolean>(count).fill(index % 2 === 1));
}
