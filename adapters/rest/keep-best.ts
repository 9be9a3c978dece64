import type { Box, Detection, DetectOptions } from "#inference/contract.ts";

/** What a server sees to itself. */
export type Applied = { readonly conf: boolean; readonly iou: boolean };

/** What is left of an answer by the caller's options, as far as the server has not seen to them; best first. */
export function keepBest(
  found: readonly Detection[],
  { conf, iou, maxDetections, agnostic = false }: DetectOptions,
  applied: Applied,
): readonly Detection[] {
  const sure = applied.conf ? [...found] : found.filter(({ score }) => score > conf);
  sure.sort((a, b) => b.score - a.score);
  if (applied.iou) return sure.slice(0, maxDetections);
  const kept: Detection[] = [];
  for (const one of sure) {
    if (kept.length >= maxDetections) break;
    const rivals = (other: Detection): boolean => agnostic || other.class === one.class;
    if (!kept.some((other) => rivals(other) && overlap(other.box, one.box) > iou)) kept.push(one);
  }
  return kept;
}

/** The share that two boxes have in common of what they cover together. */
function overlap(a: Box, b: Box): number {
  const width = Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1);
  const height = Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1);
  if (width <= 0 || height <= 0) return 0;
  const common = width * height;
  return common / (areaOf(a) + areaOf(b) - common);
}

function areaOf({ x1, y1, x2, y2 }: Box): number {
  return (x2 - x1) * (y2 - y1);
}
