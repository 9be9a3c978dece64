import type { Box } from "#inference/contract.ts";

/** The smallest box around the pixels of `within` that `holds` accepts; a pixel at x covers x to x + 1. */
export function tightBox(within: Box, holds: (x: number, y: number) => boolean): Box | undefined {
  let [left, top, right, bottom] = [within.x2, within.y2, within.x1, within.y1];
  for (let y = within.y1; y < within.y2; y++) {
    for (let x = within.x1; x < within.x2; x++) {
      if (!holds(x, y)) continue;
      left = Math.min(left, x);
      right = Math.max(right, x + 1);
      top = Math.min(top, y);
      bottom = y + 1;
    }
  }
  return right > left ? { x1: left, y1: top, x2: right, y2: bottom } : undefined;
}

/** The area that two boxes share. */
export function sharedArea(a: Box, b: Box): number {
  const across = Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1);
  const down = Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1);
  return across > 0 && down > 0 ? across * down : 0;
}

/** In square pixels. */
export function area({ x1, y1, x2, y2 }: Box): number {
  return (x2 - x1) * (y2 - y1);
}

/** 1 for the same box, 0 for boxes apart. */
export function intersectionOverUnion(a: Box, b: Box): number {
  const shared = sharedArea(a, b);
  return shared === 0 ? 0 : shared / (area(a) + area(b) - shared);
}
