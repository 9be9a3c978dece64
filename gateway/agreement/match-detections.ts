import type { Box, Detection } from "#inference/contract.ts";

/** One thing that both answers have; a difference above 0 means that the other is surer of it. */
export type Pair = {
  readonly one: Detection;
  readonly other: Detection;
  readonly iou: number;
  readonly scoreDifference: number;
};

export type Matches = {
  readonly pairs: readonly Pair[];
  /** What only the one answer has, and what only the other has. */
  readonly onlyOne: readonly Detection[];
  readonly onlyOther: readonly Detection[];
};

export type MatchOptions = {
  /** Boxes that overlap less are two things. */
  readonly iou?: number;
};

/** More boxes than a backend of ours gives; of an answer with more, the surest count. */
const mostBoxes = 300;

/**
 * Pairs the boxes of two answers to one image: of one class by number and by name, those that overlap most first. Of
 * masks, keypoints and turned boxes the upright box is compared: weights that are wrong move that too.
 *
 * Choosing the best pair first is not always the largest matching, and need not be: where the boxes of each answer
 * overlap little, as they do after suppression, hardly a box has two partners, and a test holds it against the largest.
 */
export function matchDetections(
  one: readonly Detection[],
  other: readonly Detection[],
  { iou = 0.5 }: MatchOptions = {},
): Matches {
  const [ours, theirs] = [surest(one), surest(other)];
  const [pairedOurs, pairedTheirs] = [new Uint8Array(ours.length), new Uint8Array(theirs.length)];
  const pairs: Pair[] = [];
  for (const rank of ranksOf(ours, theirs, iou)) {
    const { row, column } = placesOf(rank);
    const [our, their] = [ours[row], theirs[column]];
    if (our === undefined || their === undefined || pairedOurs[row] || pairedTheirs[column]) continue;
    pairedOurs[row] = 1;
    pairedTheirs[column] = 1;
    pairs.push({
      one: our,
      other: their,
      iou: overlapOf(our.box, their.box),
      scoreDifference: their.score - our.score,
    });
  }
  return {
    pairs,
    onlyOne: ours.filter((_, place) => !pairedOurs[place]),
    onlyOther: theirs.filter((_, place) => !pairedTheirs[place]),
  };
}

/** 1 for the same box, 0 for boxes apart; boxes without an area overlap only with themselves. */
export function overlapOf(a: Box, b: Box): number {
  const across = Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1);
  const down = Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1);
  if (across > 0 && down > 0) {
    const shared = across * down;
    return shared / (areaOf(a) + areaOf(b) - shared);
  }
  const isSame = a.x1 === b.x1 && a.y1 === b.y1 && a.x2 === b.x2 && a.y2 === b.y2;
  return isSame ? 1 : 0;
}

function areaOf({ x1, y1, x2, y2 }: Box): number {
  return (x2 - x1) * (y2 - y1);
}

function surest(detections: readonly Detection[]): Detection[] {
  return [...detections].sort((a, b) => b.score - a.score).slice(0, mostBoxes);
}

/** Of all that may be paired, the best first. */
function ranksOf(ours: readonly Detection[], theirs: readonly Detection[], iou: number): Float64Array {
  const columns = Map.groupBy(theirs.keys(), (column) => nameOf(theirs[column]));
  const ranks: number[] = [];
  for (const [row, one] of ours.entries()) {
    for (const column of columns.get(nameOf(one)) ?? []) {
      const other = theirs[column];
      if (other === undefined) continue;
      const overlap = overlapOf(one.box, other.box);
      if (overlap < iou || overlap === 0) continue;
      ranks.push(rankOf(overlap, Math.abs(one.score - other.score), row, column));
    }
  }
  return Float64Array.from(ranks).sort();
}

/** Callers read either, so that a thing is the same only where both are. */
function nameOf(detection: Detection | undefined): string {
  return `${detection?.class} ${detection?.name}`;
}

/**
 * One number, since numbers are sorted ten times as fast as objects when a hostile answer has all its boxes in one place:
 * 20 bits of overlap, 12 of score, then the places, so that it makes no difference which answer is the one: a pair and the
 * same turned round have no box in common.
 */
function rankOf(overlap: number, scoresApart: number, row: number, column: number): number {
  const apart = Math.round((1 - Math.min(1, overlap)) * (2 ** 20 - 1));
  const unlike = Math.round(Math.min(1, scoresApart || 0) * (2 ** 12 - 1));
  const turned = row < column ? 1 : 0;
  return (
    (((apart * 2 ** 12 + unlike) * 2 ** 10 + row + column) * 2 ** 9 + Math.abs(row - column)) * 2 + turned
  );
}

function placesOf(rank: number): { readonly row: number; readonly column: number } {
  // Bits beyond the 32nd are lost, and these lie below.
  const low = rank % 2 ** 20;
  const [sum, difference] = [low >>> 10, (low >>> 1) & (2 ** 9 - 1)];
  const [larger, smaller] = [(sum + difference) / 2, (sum - difference) / 2];
  return low & 1 ? { row: smaller, column: larger } : { row: larger, column: smaller };
}
