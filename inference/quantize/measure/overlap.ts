import type { Box } from "#inference/contract.ts";

/** Intersection over union: 1 for the same box, 0 for boxes apart. */
export function overlap(a: Box, b: Box): number {
  const across = Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1);
  const down = Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1);
  if (across <= 0 || down <= 0) return 0;
  const shared = across * down;
  return shared / (areaOf(a) + areaOf(b) - shared);
}

function areaOf({ x1, y1, x2, y2 }: Box): number {
  return (x2 - x1) * (y2 - y1);
}
