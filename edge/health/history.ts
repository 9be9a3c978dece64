import type { Answered } from "../answer/running-model.ts";
import { quantile } from "./quantile.ts";

/** What some answers in a row were like, without saying anything of the images. Plain data. */
export type Stretch = {
  readonly images: number;
  readonly failed: number;
  /** Of those that did not fail. */
  readonly detectionsPerImage: number;
  /** Images in which something was found. */
  readonly scored: number;
  /** The mean over those images; undefined without any. */
  readonly meanScore: number | undefined;
  /** The median of those that did not fail. */
  readonly ms: number | undefined;
};

/** How many answers are looked at together: enough to tell a model from a moment. */
export const stretchImages = 25;

export function stretchOf(answers: readonly Answered[]): Stretch {
  const done = answers.filter(({ failed }) => !failed);
  const scores = done.flatMap(({ meanScore }) => (meanScore === undefined ? [] : [meanScore]));
  const times = done.map(({ ms }) => ms);
  return {
    images: answers.length,
    failed: answers.length - done.length,
    detectionsPerImage: mean(done.map(({ detections }) => detections)) ?? 0,
    scored: scores.length,
    meanScore: mean(scores),
    ms: quantile(times, 0.5),
  };
}

/** Neighbouring stretches as one. */
export function joined(one: Stretch, other: Stretch): Stretch {
  const scored = one.scored + other.scored;
  const [ones, others] = [one.images - one.failed, other.images - other.failed];
  const scores = (one.meanScore ?? 0) * one.scored + (other.meanScore ?? 0) * other.scored;
  const times = [one.ms, other.ms].filter((ms) => ms !== undefined);
  return {
    images: one.images + other.images,
    failed: one.failed + other.failed,
    detectionsPerImage:
      (one.detectionsPerImage * ones + other.detectionsPerImage * others) / Math.max(1, ones + others),
    scored,
    meanScore: scored === 0 ? undefined : scores / scored,
    ms: mean(times),
  };
}

/** What one release answered, the newest last: so many stretches, which are thousands of images. */
export type History = { readonly stretches: Stretch[]; readonly open: Answered[] };

const mostStretches = 400;

export function createHistory(): History {
  return { stretches: [], open: [] };
}

export function remember({ stretches, open }: History, told: Answered): void {
  open.push(told);
  if (open.length < stretchImages) return;
  stretches.push(stretchOf(open));
  open.length = 0;
  if (stretches.length > mostStretches) stretches.shift();
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
