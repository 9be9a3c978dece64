import { detectDefaults } from "../heads/detect.ts";
import { agreementOf, type Scored } from "../quantize/measure/agreement.ts";
import type { Golden, GoldenDetection } from "./golden.ts";

/** What was found in the golden images here, in their order, with the options that the answers were written with. */
export type AnswersHere = readonly (readonly GoldenDetection[])[];

/**
 * The share of the golden answers that the answers here repeat, in parts per million: the mean over all images in which
 * either found something. An answer with a number that is none repeats nothing, and no image may be left out.
 */
export function agreementOfGolden({ images }: Golden, here: AnswersHere): number {
  const isWhole = images.some(({ detections }) => detections.some(({ box }) => box === undefined));
  const task = isWhole ? "classify" : "detect";
  if (here.length !== images.length) return 0;
  const { conf } = detectDefaults;
  const agreements = images.flatMap(({ detections }, place) => {
    const found = here[place] ?? [];
    if (detections.length === 0 && found.length === 0) return [];
    if (!found.every(isSound)) return [0];
    return [agreementOf(detections.map(scored), found.map(scored), { task, conf })];
  });
  const sum = agreements.reduce((total, agreement) => total + agreement, 0);
  return agreements.length === 0 ? 0 : Math.floor((1_000_000 * sum) / agreements.length);
}

function isSound({ score, box }: GoldenDetection): boolean {
  const numbers = [score, ...(box ? [box.x1, box.y1, box.x2, box.y2] : [])];
  return numbers.every(Number.isFinite);
}

/** A whole image is compared by its best class, where the box is not looked at. */
function scored({ class: index, score, box = noBox }: GoldenDetection): Scored {
  return { class: index, score, box };
}

const noBox = { x1: 0, y1: 0, x2: 0, y2: 0 };
