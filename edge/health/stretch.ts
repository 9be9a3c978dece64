import { z } from "zod";
import type { Answered } from "../answer/running-model.ts";
import { quantile } from "./quantile.ts";

/** What some answers in a row were like, without saying anything of the images. It may last in the device's state. */
export const stretch = z.object({
  images: z.int().min(0),
  failed: z.int().min(0),
  /** Of those that did not fail. */
  detectionsPerImage: z.number().min(0),
  /** Images in which something was found. */
  scored: z.int().min(0),
  /** The mean over those images; null without any. */
  meanScore: z.number().nullable(),
  /** The median of those that did not fail. */
  ms: z.number().nullable(),
});

export type Stretch = z.output<typeof stretch>;

/** How many answers are looked at together: enough to tell a model from a moment. */
export const stretchImages = 25;

export function stretchOf(answers: readonly Answered[]): Stretch {
  const done = answers.filter(({ failed }) => !failed);
  const scores = numbersIn(done.map(({ meanScore }) => meanScore));
  const times = numbersIn(done.map(({ ms }) => ms));
  return {
    images: answers.length,
    failed: answers.length - done.length,
    detectionsPerImage: mean(done.map(({ detections }) => detections)) ?? 0,
    scored: scores.length,
    meanScore: mean(scores),
    ms: quantile(times, 0.5) ?? null,
  };
}

/** Neighbouring stretches as one. */
export function joined(one: Stretch, other: Stretch): Stretch {
  const scored = one.scored + other.scored;
  const [ones, others] = [one.images - one.failed, other.images - other.failed];
  const scores = (one.meanScore ?? 0) * one.scored + (other.meanScore ?? 0) * other.scored;
  return {
    images: one.images + other.images,
    failed: one.failed + other.failed,
    detectionsPerImage:
      (one.detectionsPerImage * ones + other.detectionsPerImage * others) / Math.max(1, ones + others),
    scored,
    meanScore: scored === 0 ? null : scores / scored,
    ms: mean(numbersIn([one.ms, other.ms])),
  };
}

/** A model may say that it is as sure as no number; the state takes no such thing. */
function numbersIn(values: readonly (number | null | undefined)[]): readonly number[] {
  return values.flatMap((value) => (typeof value === "number" && Number.isFinite(value) ? [value] : []));
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
