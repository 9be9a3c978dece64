import type { Box, DetectOptions, FloatTensor } from "#inference/contract.ts";
import { centredBox, cornerBox, type Found } from "./found.ts";
import { pickBest } from "./pick-best.ts";

/** An output [1, rows, 6 + extras] that the graph thinned out itself: four numbers of a box, score, class, extras. */
export type SettledOutput = {
  readonly output: FloatTensor;
  readonly classes: number;
  /** The box is its centre, width and height, to be turned by the first extra. */
  readonly rotated?: boolean;
};

/** The rows above the threshold, best first; rows of zeros only fill the tensor up. */
export function readSettled(
  { output, classes, rotated = false }: SettledOutput,
  { conf, maxDetections }: DetectOptions,
): Found[] {
  const [, rows = 0, width = 6] = output.shape;
  const found: Found[] = [];
  for (const row of pickBest(scoresOf(output.data, rows, width), conf)) {
    const numbers = output.data.subarray(row * width, (row + 1) * width);
    const box = boxOf(numbers, rotated);
    const named = Math.round(numbers[5] ?? 0);
    // A class beyond the model's names is no class, and NaN is none either.
    if (box === undefined || !(named >= 0 && named < classes)) continue;
    found.push({ class: named + 0, score: numbers[4] ?? 0, box, extras: numbers.slice(6) });
    if (found.length >= maxDetections) break;
  }
  return found;
}

function scoresOf(data: Float32Array, rows: number, width: number): Float32Array {
  const scores = new Float32Array(rows);
  for (let row = 0; row < rows; row += 1) scores[row] = data[row * width + 4] ?? 0;
  return scores;
}

function boxOf(numbers: Float32Array, rotated: boolean): Box | undefined {
  const [a = 0, b = 0, c = 0, d = 0, , , angle] = numbers;
  if (!rotated) return cornerBox(a, b, c, d);
  return Number.isFinite(angle) ? centredBox(a, b, c, d) : undefined;
}
