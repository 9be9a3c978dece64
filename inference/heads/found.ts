import type { Box, FloatTensor } from "#inference/contract.ts";

/** One thing found, in pixels of the model's input. */
export type Found = {
  readonly class: number;
  readonly score: number;
  /** Of a rotated thing the box before it is turned about its centre. */
  readonly box: Box;
  /** What its task adds: mask coefficients, the numbers of keypoints, or an angle. */
  readonly extras: Float32Array;
};

/** A box by its centre, or undefined where they are none: not finite, or turned inside out. */
export function centredBox(x: number, y: number, width: number, height: number): Box | undefined {
  return cornerBox(x - width / 2, y - height / 2, x + width / 2, y + height / 2);
}

/** The same by its corners. */
export function cornerBox(x1: number, y1: number, x2: number, y2: number): Box | undefined {
  const finite = Number.isFinite(x2 - x1) && Number.isFinite(y2 - y1);
  return finite && x2 >= x1 && y2 >= y1 ? { x1, y1, x2, y2 } : undefined;
}

/** Every `stride`-th number from `start` on: one column of a table. */
export function columnOf({ data }: FloatTensor, start: number, stride: number, count: number): Float32Array {
  const column = new Float32Array(count);
  for (let index = 0; index < count; index += 1) column[index] = data[start + index * stride] ?? 0;
  return column;
}
