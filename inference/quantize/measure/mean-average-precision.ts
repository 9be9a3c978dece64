import type { Box, Detection } from "#inference/contract.ts";
import { overlap } from "./overlap.ts";

/** What a detector said of one image, and what is there. */
export type Judged = {
  readonly detections: readonly Pick<Detection, "class" | "score" | "box">[];
  readonly truth: readonly { readonly class: number; readonly box: Box }[];
};

/** Means over the classes that the truth holds: at an overlap of 0.5, and over 0.5 to 0.95 by 0.05. */
export type MeanAveragePrecision = { readonly map50: number; readonly map50To95: number };

/** COCO's average precision over 101 recalls; a detection with a better score chooses its object first. */
export function meanAveragePrecision(images: readonly Judged[]): MeanAveragePrecision {
  const classes = new Set(images.flatMap(({ truth }) => truth.map((object) => object.class)));
  const perClass = Array.from(classes, (wanted) => precisionsOf(wanted, images));
  const perOverlap = overlaps.map((_, place) => mean(perClass.map((precisions) => precisions[place] ?? 0)));
  return { map50: perOverlap[0] ?? 0, map50To95: mean(perOverlap) };
}

const overlaps = Array.from({ length: 10 }, (_, step) => (50 + 5 * step) / 100);

/** One class's average precision at each overlap. */
function precisionsOf(wanted: number, images: readonly Judged[]): number[] {
  const own = images.map(({ detections, truth }) => ({
    detections: detections.filter((found) => found.class === wanted).sort((a, b) => b.score - a.score),
    truth: truth.filter((object) => object.class === wanted),
  }));
  const total = own.reduce((sum, { truth }) => sum + truth.length, 0);
  return overlaps.map((least) => {
    const ranked = own.flatMap((image) => hitsOf(image, least)).sort((a, b) => b.score - a.score);
    return areaUnderCurve(
      ranked.map(({ isHit }) => isHit),
      total,
    );
  });
}

/** Whether each detection, best first, finds an object that none before it found. */
function hitsOf(
  { detections, truth }: Judged,
  least: number,
): { readonly score: number; readonly isHit: boolean }[] {
  const free = new Set(truth);
  return detections.map(({ score, box }) => {
    let [best, most]: [Judged["truth"][number] | undefined, number] = [undefined, 0];
    for (const object of free) {
      const shared = overlap(object.box, box);
      if (shared >= least && shared > most) [best, most] = [object, shared];
    }
    if (best !== undefined) free.delete(best);
    return { score, isHit: best !== undefined };
  });
}

/** The mean, over recalls of 0 to 1 by 0.01, of the best precision at that recall or beyond. */
function areaUnderCurve(hits: readonly boolean[], total: number): number {
  const found: number[] = [];
  for (const isHit of hits) found.push((found.at(-1) ?? 0) + Number(isHit));
  let [sum, best, last] = [0, 0, hits.length - 1];
  for (let percent = 100; percent >= 0; percent -= 1) {
    while (last >= 0 && (found[last] ?? 0) * 100 >= percent * total) {
      best = Math.max(best, (found[last] ?? 0) / (last + 1));
      last -= 1;
    }
    sum += best;
  }
  return sum / 101;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
