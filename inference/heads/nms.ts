export type NmsInput = {
  /** x1, y1, x2, y2 of each candidate, best score first. */
  readonly boxes: Float64Array;
  readonly classes: Int32Array;
  readonly count: number;
  readonly iou: number;
  readonly max: number;
};

/** Greedy suppression within each class: the places of the candidates that stay, best first. */
export function suppress({ boxes, classes, count, iou, max }: NmsInput): number[] {
  const kept: number[] = [];
  for (let candidate = 0; candidate < count && kept.length < max; candidate += 1) {
    if (!isCovered(candidate)) kept.push(candidate);
  }
  return kept;

  function isCovered(candidate: number): boolean {
    for (let index = 0; index < kept.length; index += 1) {
      const other = kept[index] ?? 0;
      if (classes[other] === classes[candidate] && overlap(boxes, other, candidate) > iou) return true;
    }
    return false;
  }
}

/** Intersection over union of two boxes; two empty boxes overlap by nothing. */
function overlap(boxes: Float64Array, first: number, second: number): number {
  const [a, b] = [4 * first, 4 * second];
  const [ax1, ay1, ax2, ay2] = [at(boxes, a), at(boxes, a + 1), at(boxes, a + 2), at(boxes, a + 3)];
  const [bx1, by1, bx2, by2] = [at(boxes, b), at(boxes, b + 1), at(boxes, b + 2), at(boxes, b + 3)];
  const width = Math.min(ax2, bx2) - Math.max(ax1, bx1);
  const height = Math.min(ay2, by2) - Math.max(ay1, by1);
  if (width <= 0 || height <= 0) return 0;
  const common = width * height;
  return common / ((ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - common);
}

function at(values: Float64Array, index: number): number {
  return values[index] ?? 0;
}
