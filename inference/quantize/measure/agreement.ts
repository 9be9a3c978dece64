import type { Box, Detection, Task } from "#inference/contract.ts";
import { overlap } from "./overlap.ts";

/** As much of a detection as counts here. */
export type Scored = Pick<Detection, "class" | "score" | "box">;

/**
 * How far two answers to one image agree, 1 where both say the same: the part of what was found that both found, in which
 * a box weighs as much as its score and less the nearer that lies to the threshold. Of a whole image the best class counts.
 */
export function agreementOf(
  one: readonly Scored[],
  other: readonly Scored[],
  { task, conf }: { readonly task: Task; readonly conf: number },
): number {
  if (task === "classify") return agreementOfBest(one, other, conf);
  const weigh = weightAbove(conf);
  const pairs = pairUp(one, other);
  const [pairedOnes, pairedOthers] = [
    new Set(pairs.map(([first]) => first)),
    new Set(pairs.map(([, last]) => last)),
  ];
  const common = sum(pairs.map(([first, last]) => weigh(first) + weigh(last)));
  const alone =
    sum(one.filter((found) => !pairedOnes.has(found)).map(weigh)) +
    sum(other.filter((found) => !pairedOthers.has(found)).map(weigh));
  return 1 - alone / Math.max(common + alone, leastWeight);
}

/** What an image is taken to hold at least. */
const leastWeight = 0.5;

/** From the threshold on it takes this much score until something counts whole. */
const fullAbove = 0.25;

/** Boxes that overlap less are two things. */
const sameAbove = 0.5;

function weightAbove(conf: number): (detection: Scored) => number {
  const full = Math.max(1e-9, Math.min(fullAbove, (1 - conf) / 2));
  return ({ score }) => Math.min(1, Math.max(0, score * Math.min(1, (score - conf) / full)));
}

type Pair = readonly [one: Scored, other: Scored];

/** Those of one class that overlap most are the same thing, then those that overlap most of the others. */
function pairUp(one: readonly Scored[], other: readonly Scored[]): readonly Pair[] {
  const candidates = one.flatMap((first) =>
    other
      .filter((last) => last.class === first.class && isSame(first.box, last.box))
      .map((last) => ({ first, last, overlap: overlap(first.box, last.box) })),
  );
  const taken = new Set<Scored>();
  const pairs: Pair[] = [];
  for (const { first, last } of candidates.sort((a, b) => b.overlap - a.overlap)) {
    if (taken.has(first) || taken.has(last)) continue;
    taken.add(first).add(last);
    pairs.push([first, last]);
  }
  return pairs;
}

function isSame(a: Box, b: Box): boolean {
  return overlap(a, b) >= sameAbove;
}

/** Another best class is forgiven as far as its rival came near. */
function agreementOfBest(one: readonly Scored[], other: readonly Scored[], conf: number): number {
  const [ours, theirs] = [bestOf(one), bestOf(other)];
  if (ours?.class === theirs?.class) return 1;
  const lead = Math.max(leadOver(one, ours, theirs, conf), leadOver(other, theirs, ours, conf));
  return 1 - Math.min(1, Math.max(0, lead / fullAbove));
}

function bestOf(detections: readonly Scored[]): Scored | undefined {
  return detections.reduce<Scored | undefined>(
    (best, found) => (best !== undefined && best.score >= found.score ? best : found),
    undefined,
  );
}

function leadOver(
  answer: readonly Scored[],
  own: Scored | undefined,
  rival: Scored | undefined,
  conf: number,
): number {
  const found = answer.find((candidate) => candidate.class === rival?.class);
  return (own?.score ?? conf) - (found?.score ?? conf);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
