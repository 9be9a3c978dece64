import type { Edge } from "./blame.ts";
import { createEvidence, type Evidence } from "./evidence.ts";

/** Two backends' answers to one image, held against each other. */
export type Compared = {
  readonly model: string;
  readonly backend: string;
  readonly peer: string;
  /** 0 to 1. */
  readonly agreement: number;
  readonly scoreDifference: number | undefined;
  /** How far answers of this route have to agree on average. */
  readonly minimum: number;
  /** Which of the two is on trial, if one is. */
  readonly candidate?: string;
};

/** What the comparisons of two backends have shown so far; its means count the newest images most. */
export type KnownPair = {
  readonly backend: string;
  readonly peer: string;
  readonly below: Evidence;
  readonly above: Evidence;
  verdict: "open" | "low" | "high";
  minimum: number;
  samples: number;
  agreement: number;
  scored: number;
  scoreDifference: number;
};

export type Proof = {
  /** Nobody is judged by fewer images. */
  readonly leastSamples: number;
  /** How often over it must be shown that two disagree. */
  readonly falseAlarmOnceIn: number;
};

/** An answer's age in images, beyond which it hardly counts in a mean any more. */
const remembered = 1_000;

/** How often over it must be shown that two agree: at first, and after they were shown not to. */
const enough = { atFirst: 20, again: 1_000 };

/** From so much evidence against it on, an agreement speaks for nobody. */
const doubt = 10;

export function openPair(backend: string, peer: string): KnownPair {
  const evidence = { below: createEvidence("below"), above: createEvidence("above") };
  const sums = { samples: 0, agreement: 0, scored: 0, scoreDifference: 0 };
  return { backend, peer, ...evidence, verdict: "open", minimum: 0, ...sums };
}

export function addTo(pair: KnownPair, { agreement, scoreDifference, minimum }: Compared): void {
  pair.minimum = minimum;
  pair.samples += 1;
  pair.agreement += (agreement - pair.agreement) / Math.min(pair.samples, remembered);
  pair.below.add(agreement, minimum);
  pair.above.add(agreement, minimum);
  if (scoreDifference === undefined) return;
  pair.scored += 1;
  pair.scoreDifference += (scoreDifference - pair.scoreDifference) / Math.min(pair.scored, remembered);
}

export function verdictOf(
  { samples, verdict, below, above }: KnownPair,
  { leastSamples, falseAlarmOnceIn }: Proof,
): KnownPair["verdict"] {
  if (samples < leastSamples) return verdict;
  if (verdict !== "low" && below.strength() >= falseAlarmOnceIn) return "low";
  const wanted = verdict === "low" ? enough.again : enough.atFirst;
  return verdict !== "high" && above.strength() >= wanted ? "high" : verdict;
}

export function edgeOf(pair: KnownPair, leastSamples: number): Edge {
  const { backend, peer, verdict, samples, agreement, minimum, below } = pair;
  const looksWell = verdict === "open" && samples >= leastSamples && agreement >= minimum;
  const isJoined = (verdict === "high" || looksWell) && below.strength() < doubt;
  return { backend, peer, isLow: verdict === "low", isHigh: verdict === "high", isJoined };
}
