import type { Box, DetectOptions } from "#inference/contract.ts";
import type { AnchorsOutput } from "#inference/heads/detect.ts";
import type { Found } from "#inference/heads/found.ts";
import { plainProbIou } from "./plain-probiou.ts";

/** The published decoding and suppression as one would write them down, slowly: the judge of the fast head. */
export function plainDetections(output: AnchorsOutput, options: DetectOptions): Found[] {
  const { iou, maxDetections, agnostic = false } = options;
  const covers = (one: Found, other: Found): boolean =>
    (output.rotated ? plainProbIou(one, other) : overlap(one.box, other.box)) > iou;
  let rest = candidatesOf(output, options);
  const kept: Found[] = [];
  while (rest.length > 0 && kept.length < maxDetections) {
    const [best, ...others] = rest;
    if (!best) break;
    kept.push(best);
    rest = others.filter((other) => (!agnostic && other.class !== best.class) || !covers(best, other));
  }
  return kept;
}

export function isScore(score: number): boolean {
  return score > 0 && score < Infinity;
}

function candidatesOf(output: AnchorsOutput, { conf, multiLabel = false }: DetectOptions): Found[] {
  const [, , anchors = 0] = output.output.shape;
  const everyAnchor = Array.from({ length: anchors }, (_, anchor) => anchor);
  const everyClass = Array.from({ length: output.classes }, (_, index) => index);
  const all = multiLabel
    ? everyClass.flatMap((index) => everyAnchor.map((anchor) => foundAt(output, anchor, index)))
    : everyAnchor.map((anchor) => {
        const scores = everyClass.map((index) => foundAt(output, anchor, index).score);
        const best = scores.indexOf(Math.max(...scores.filter(isScore)));
        return foundAt(output, anchor, Math.max(best, 0));
      });
  return all
    .filter(({ score }) => isScore(score) && score > Math.fround(conf))
    .filter((found) => isBox(found.box) && (!output.rotated || Number.isFinite(found.extras[0])))
    .sort((a, b) => b.score - a.score)
    .slice(0, 30_000);
}

function foundAt({ output: { shape, data }, classes }: AnchorsOutput, anchor: number, index: number): Found {
  const [, rows = 0, anchors = 0] = shape;
  const numbers = Array.from({ length: rows }, (_, row) => data[row * anchors + anchor] ?? 0);
  const [cx = 0, cy = 0, width = 0, height = 0] = numbers;
  const box = { x1: cx - width / 2, y1: cy - height / 2, x2: cx + width / 2, y2: cy + height / 2 };
  const extras = Float32Array.from(numbers.slice(4 + classes));
  return { class: index, score: numbers[4 + index] ?? 0, box, extras };
}

function isBox({ x1, y1, x2, y2 }: Box): boolean {
  return [x1, y1, x2, y2].every(Number.isFinite) && x2 >= x1 && y2 >= y1;
}

function overlap(a: Box, b: Box): number {
  const width = Math.max(0, Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1));
  const height = Math.max(0, Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1));
  const area = (box: Box): number => (box.x2 - box.x1) * (box.y2 - box.y1);
  const common = width * height;
  return common === 0 ? 0 : common / (area(a) + area(b) - common);
}
