import type { Detection, Task } from "#inference/contract.ts";
import { type Matches, matchDetections } from "./match-detections.ts";

export type Agreement = {
  /** 1 where both say the same, 0 where they have nothing in common. */
  readonly agreement: number;
  /** How far the scores of what both found lie apart, on average; undefined where both found nothing in common. */
  readonly scoreDifference: number | undefined;
};

export type AgreementOptions = {
  /** The least score that was asked for: what lies barely above it comes and goes. */
  readonly conf: number;
  readonly iou?: number;
};

/** How far two answers to one image agree, by what the model's task makes of an answer. */
export function compareAnswers(
  one: readonly Detection[],
  other: readonly Detection[],
  task: Task,
  options: AgreementOptions,
): Agreement {
  const matches = matchDetections(one, other, options);
  const agreement =
    task === "classify" ? agreementOfBest(one, other, options) : agreementOf(matches, options);
  return { agreement, scoreDifference: scoreDifferenceOf(matches) };
}

/**
 * The part of what was found that both found: F1, in which a box weighs as much as its score and less the nearer that
 * lies to the threshold. An image with little in it is forgiven a box that only one was half sure of.
 */
export function agreementOf({ pairs, onlyOne, onlyOther }: Matches, options: AgreementOptions): number {
  let [common, alone] = [0, 0];
  for (const { one, other } of pairs) common += weightOf(one, options) + weightOf(other, options);
  for (const detection of onlyOne) alone += weightOf(detection, options);
  for (const detection of onlyOther) alone += weightOf(detection, options);
  return 1 - alone / Math.max(common + alone, leastWeight);
}

/** What an image is taken to hold at least. */
const leastWeight = 0.5;

/** From the threshold on it takes this much score until something counts whole. */
const fullAbove = 0.25;

function weightOf({ score }: Detection, { conf }: AgreementOptions): number {
  // A high threshold leaves less room above it.
  const full = Math.max(1e-9, Math.min(fullAbove, (1 - conf) / 2));
  const weight = score * Math.min(1, (score - conf) / full);
  return weight > 0 ? Math.min(1, weight) : 0;
}

function scoreDifferenceOf({ pairs }: Matches): number | undefined {
  if (pairs.length === 0) return undefined;
  let sum = 0;
  for (const { scoreDifference } of pairs) sum += Math.abs(scoreDifference);
  return sum / pairs.length;
}

/** Of a whole image the best class counts: another one is forgiven as far as its rival came near. */
function agreementOfBest(
  one: readonly Detection[],
  other: readonly Detection[],
  { conf }: AgreementOptions,
): number {
  const [ours, theirs] = [bestOf(one), bestOf(other)];
  if (ours?.class === theirs?.class && ours?.name === theirs?.name) return 1;
  const lead = Math.max(leadOver(one, ours, theirs, conf), leadOver(other, theirs, ours, conf));
  return 1 - Math.min(1, Math.max(0, lead / fullAbove));
}

function bestOf(detections: readonly Detection[]): Detection | undefined {
  let best: Detection | undefined;
  for (const detection of detections)
    if (best === undefined || detection.score > best.score) best = detection;
  return best;
}

/** By how much an answer prefers its own best to the rival; what it does not list has the threshold at most. */
function leadOver(
  answer: readonly Detection[],
  own: Detection | undefined,
  rival: Detection | undefined,
  conf: number,
): number {
  const found = answer.find((one) => one.class === rival?.class && one.name === rival.name);
  return (own?.score ?? conf) - (found?.score ?? conf);
}
