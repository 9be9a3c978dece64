import type { Covers } from "./nms.ts";

/** Rotated boxes as columns of numbers. */
export type RotatedBoxes = {
  /** x1, y1, x2, y2 of each box before it is turned about its centre. */
  readonly boxes: Float64Array;
  /** In radians. */
  readonly angles: Float64Array;
  readonly count: number;
};

/**
 * The published overlap of rotated boxes: each is taken for a normal distribution, and one minus the Hellinger distance
 * of two of them is compared with the threshold.
 */
export function byProbIou(rotated: RotatedBoxes, iou: number): Covers {
  const spreads = spreadsOf(rotated);
  // Unlike shapes can bring two boxes no nearer than this, so that of boxes far apart no logarithm is needed.
  const far = -Math.log(1 + tiny - (1 - iou) ** 2) - 0.5 * Math.log(tiny);
  return (first, second) => {
    const [p, q] = [5 * first, 5 * second];
    const dx = (spreads[p] ?? 0) - (spreads[q] ?? 0);
    const dy = (spreads[p + 1] ?? 0) - (spreads[q + 1] ?? 0);
    const [a1, b1, c1] = [spreads[p + 2] ?? 0, spreads[p + 3] ?? 0, spreads[p + 4] ?? 0];
    const [a2, b2, c2] = [spreads[q + 2] ?? 0, spreads[q + 3] ?? 0, spreads[q + 4] ?? 0];
    const [a, b, c] = [a1 + a2, b1 + b2, c1 + c2];
    const spread = a * b - c * c;
    const apart = (0.25 * (a * dy * dy + b * dx * dx) - 0.5 * c * dx * dy) / (spread + tiny);
    if (apart >= far) return false;
    const own = Math.sqrt(Math.max(0, a1 * b1 - c1 * c1) * Math.max(0, a2 * b2 - c2 * c2));
    const unlike = 0.5 * Math.log(spread / (4 * own + tiny) + tiny);
    const distance = Math.max(apart + unlike, tiny);
    return 1 - Math.sqrt(1 - Math.exp(-distance) + tiny) > iou;
  };
}

const tiny = 1e-7;

/** Centre x and y, then the three numbers of the covariance, of every box. */
function spreadsOf({ boxes, angles, count }: RotatedBoxes): Float64Array {
  const spreads = new Float64Array(5 * count);
  for (let place = 0; place < count; place += 1) {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = boxes.subarray(4 * place, 4 * place + 4);
    const [cos, sin] = [Math.cos(angles[place] ?? 0), Math.sin(angles[place] ?? 0)];
    const [long, short] = [(x2 - x1) ** 2 / 12, (y2 - y1) ** 2 / 12];
    spreads[5 * place] = (x1 + x2) / 2;
    spreads[5 * place + 1] = (y1 + y2) / 2;
    spreads[5 * place + 2] = long * cos * cos + short * sin * sin;
    spreads[5 * place + 3] = long * sin * sin + short * cos * cos;
    spreads[5 * place + 4] = (long - short) * cos * sin;
  }
  return spreads;
}
