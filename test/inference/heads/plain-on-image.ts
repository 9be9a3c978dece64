import type { Box, Keypoint, Point } from "#inference/contract.ts";
import type { Seen } from "#inference/heads/on-image.ts";

/** From the input back to the image: the published rule, the grey taken off and the scale undone. */
export function plainPoint({ x, y }: Point, { letterbox }: Seen): Point {
  return { x: (x - letterbox.left) / letterbox.scale, y: (y - letterbox.top) / letterbox.scale };
}

/** Keypoint by keypoint, cut at the image's edges. */
export function plainKeypoints(rows: readonly (readonly number[])[], seen: Seen): Keypoint[] {
  const within = (value: number, most: number): number => (value < 0 ? 0 : value > most ? most : value);
  return rows.map(([x = 0, y = 0, visibility = 1]) => {
    const point = plainPoint({ x, y }, seen);
    return {
      x: within(point.x, seen.image.width),
      y: within(point.y, seen.image.height),
      visibility: within(visibility, 1),
    };
  });
}

/** Each corner goes around the centre by the angle, as a complex number multiplied by one of length one. */
export function plainCorners(box: Box, angle: number, seen: Seen): Point[] {
  const centre = { x: (box.x1 + box.x2) / 2, y: (box.y1 + box.y2) / 2 };
  const corners = [
    [box.x2, box.y2],
    [box.x2, box.y1],
    [box.x1, box.y1],
    [box.x1, box.y2],
  ];
  return corners.map(([x = 0, y = 0]) => {
    const [length, direction] = [
      Math.hypot(x - centre.x, y - centre.y),
      Math.atan2(y - centre.y, x - centre.x),
    ];
    const turned = {
      x: centre.x + length * Math.cos(direction + angle),
      y: centre.y + length * Math.sin(direction + angle),
    };
    return plainPoint(turned, seen);
  });
}
