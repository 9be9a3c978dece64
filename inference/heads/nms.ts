export type Candidates = {
  readonly count: number;
  /** Undefined where overlap counts across classes. */
  readonly classes: Int32Array | undefined;
  readonly max: number;
};

/** Does the kept candidate cover the other one, so that both are one thing? */
export type Covers = (kept: number, candidate: number) => boolean;

/**
 * Greedy suppression of candidates that come best first: the places of those that stay. Each is held against what was
 * kept of its own class only, so that the work is at most `count` times `max`.
 */
export function suppress({ count, classes, max }: Candidates, covers: Covers): number[] {
  const kept: number[] = [];
  const keptOf = new Map<number, number[]>();
  for (let candidate = 0; candidate < count && kept.length < max; candidate += 1) {
    const of = classes === undefined ? 0 : (classes[candidate] ?? 0);
    const rivals = keptOf.get(of);
    if (rivals === undefined) keptOf.set(of, [candidate]);
    else if (isCovered(rivals, candidate, covers)) continue;
    else rivals.push(candidate);
    kept.push(candidate);
  }
  return kept;
}

function isCovered(rivals: readonly number[], candidate: number, covers: Covers): boolean {
  for (let index = 0; index < rivals.length; index += 1) {
    if (covers(rivals[index] ?? 0, candidate)) return true;
  }
  return false;
}

/** Boxes x1, y1, x2, y2 side by side: an intersection over union above the threshold covers; empty boxes cover nothing. */
export function byOverlap(boxes: Float64Array, iou: number): Covers {
  return (first, second) => {
    const [a, b] = [4 * first, 4 * second];
    const left = Math.max(at(boxes, a), at(boxes, b));
    const right = Math.min(at(boxes, a + 2), at(boxes, b + 2));
    if (right <= left) return false;
    const top = Math.max(at(boxes, a + 1), at(boxes, b + 1));
    const bottom = Math.min(at(boxes, a + 3), at(boxes, b + 3));
    if (bottom <= top) return false;
    const common = (right - left) * (bottom - top);
    return common / (areaAt(boxes, a) + areaAt(boxes, b) - common) > iou;
  };
}

function areaAt(boxes: Float64Array, place: number): number {
  return (at(boxes, place + 2) - at(boxes, place)) * (at(boxes, place + 3) - at(boxes, place + 1));
}

function at(values: Float64Array, index: number): number {
  return values[index] ?? 0;
}
