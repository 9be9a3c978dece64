import type { Box } from "#inference/contract.ts";
import { intersectionOverUnion } from "./box.ts";

/** What a detector said of one image, and what is there. */
export type Judged = {
  readonly detections: readonly { readonly class: number; readonly score: number; readonly box: Box }[];
  readonly truth: readonly { readonly class: number; readonly box: Box }[];
};

/** Both are means over the classes that the truth holds: at IoU 0.5, and over IoU 0.5 to 0.95 by 0.05. */
export type MeanAveragePrecision = { readonly map50: number; readonly map50To95: number };

const ious = Array.from({ length: 10 }, (_, index) => (50 + 5 * index) / 100);

/** COCO's average precision (101 recall points, greedy matching by score), without its cap of 100 detections. */
export function meanAveragePrecision(images: readonly Judged[]): MeanAveragePrecision {
  const classes = new Set(images.flatMap(({ truth }) => truth.map((object) => object.class)));
  const perClass = [...classes].map((wanted) =>
    averagePrecisions(images.map((image) => only(wanted, image))),
  );
  const perIou = ious.map((_, index) => mean(perClass.map((precisions) => precisions[index] ?? 0)));
  return { map50: perIou[0] ?? 0, map50To95: mean(perIou) };
}

function only(wanted: number, { detections, truth }: Judged): Judged {
  return {
    detections: detections.filter((detection) => detection.class === wanted),
    truth: truth.filter((object) => object.class === wanted),
  };
}

/** One class's average precision at each IoU. */
function averagePrecisions(images: readonly Judged[]): number[] {
  const total = images.reduce((sum, { truth }) => sum + truth.length, 0);
  const ranked = images.flatMap(hitsOf).sort((a, b) => b.score - a.score);
  return ious.map((_, index) =>
    areaUnderCurve(
      ranked.map(({ hits }) => hits[index] ?? false),
      total,
    ),
  );
}

/** For each detection whether it finds an object at each IoU; a better-scored detection chooses first. */
function hitsOf({ detections, truth }: Judged): { readonly score: number; readonly hits: boolean[] }[] {
  const taken = ious.map(() => new Set<number>());
  return [...detections]
    .sort((a, b) => b.score - a.score)
    .map(({ score, box }) => {
      const overlaps = truth.map((object) => intersectionOverUnion(object.box, box));
      return { score, hits: ious.map((iou, index) => claim(overlaps, iou, taken[index] ?? new Set())) };
    });
}

function claim(overlaps: readonly number[], iou: number, taken: Set<number>): boolean {
  let best = -1;
  overlaps.forEach((overlap, index) => {
    if (overlap >= iou && !taken.has(index) && overlap > (overlaps[best] ?? 0)) best = index;
  });
  if (best >= 0) taken.add(best);
  return best >= 0;
}

/** The mean, over recalls of 0 to 1 by 0.01, of the best precision at that recall or beyond. */
function areaUnderCurve(hits: readonly boolean[], total: number): number {
  const found: number[] = [];
  for (const hit of hits) found.push((found.at(-1) ?? 0) + (hit ? 1 : 0));
  let [sum, best, last] = [0, 0, hits.length - 1];
  for (let percent = 100; percent >= 0; percent--) {
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
