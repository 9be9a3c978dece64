import type { Box, DetectOptions, Tensor } from "#inference/contract.ts";
import type { Found } from "#inference/heads/detect.ts";

/** The published decoding and suppression as one would write them down, slowly: the judge of the fast head. */
export function plainDetections(
  { dims, data }: Tensor,
  { conf, iou, maxDetections }: DetectOptions,
): Found[] {
  const [, rows = 0, anchors = 0] = dims;
  const at = (row: number, anchor: number): number => data[row * anchors + anchor] ?? 0;
  const candidates: Found[] = [];
  for (let anchor = 0; anchor < anchors; anchor += 1) {
    const scores = Array.from({ length: rows - 4 }, (_, index) => at(4 + index, anchor));
    const score = Math.max(...scores);
    if (!(score > Math.fround(conf))) continue;
    const [cx, cy, width, height] = [at(0, anchor), at(1, anchor), at(2, anchor), at(3, anchor)];
    const box = { x1: cx - width / 2, y1: cy - height / 2, x2: cx + width / 2, y2: cy + height / 2 };
    candidates.push({ class: scores.indexOf(score), score, box });
  }
  let rest = candidates.sort((a, b) => b.score - a.score);
  const kept: Found[] = [];
  while (rest.length > 0 && kept.length < maxDetections) {
    const [best, ...others] = rest;
    if (!best) break;
    kept.push(best);
    rest = others.filter((other) => other.class !== best.class || overlap(other.box, best.box) <= iou);
  }
  return kept;
}

function overlap(a: Box, b: Box): number {
  const width = Math.max(0, Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1));
  const height = Math.max(0, Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1));
  const area = (box: Box): number => (box.x2 - box.x1) * (box.y2 - box.y1);
  const common = width * height;
  return common === 0 ? 0 : common / (area(a) + area(b) - common);
}
