import type { DetectOptions } from "#inference/contract.ts";
import type { Found } from "#inference/heads/found.ts";
import type { SettledOutput } from "#inference/heads/settled.ts";
import { isScore } from "./plain-detections.ts";

/** Row by row: what is above the threshold, a box and a class, by score. */
export function plainSettled(
  { output: { shape, data }, classes, rotated = false }: SettledOutput,
  { conf, maxDetections }: DetectOptions,
): Found[] {
  const [, rows = 0, width = 0] = shape;
  const found: Found[] = [];
  for (let row = 0; row < rows; row += 1) {
    const numbers = data.slice(row * width, (row + 1) * width);
    const [a = 0, b = 0, c = 0, d = 0, score = 0, label = 0, ...extras] = numbers;
    const turned = { x1: a - c / 2, y1: b - d / 2, x2: a + c / 2, y2: b + d / 2 };
    const box = rotated ? turned : { x1: a, y1: b, x2: c, y2: d };
    const named = label < 0 && label >= -0.5 ? 0 : Math.round(label);
    const sound = [
      [a, b, c, d, ...extras.slice(0, rotated ? 1 : 0)].every(Number.isFinite),
      box.x2 >= box.x1,
      box.y2 >= box.y1,
      Array.from({ length: classes }, (_, index) => index).includes(named),
      isScore(score),
      score > Math.fround(conf),
    ];
    if (sound.every(Boolean)) found.push({ class: named, score, box, extras: Float32Array.from(extras) });
  }
  return found.sort((one, other) => other.score - one.score).slice(0, maxDetections);
}
