import { z } from "zod";
import { joined, type Stretch } from "./stretch.ts";

/**
 * What a release was like at its worst, over two neighbouring stretches at a time: all that the next one is held against,
 * in a few numbers that outlast a start. Null where it was never seen.
 */
export const baseline = z.object({
  images: z.int().min(0),
  failed: z.int().min(0),
  lowestScore: z.number().nullable(),
  /** Things found in an image. */
  fewest: z.number().nullable(),
  most: z.number().nullable(),
  slowestMs: z.number().nullable(),
});

export type Baseline = z.output<typeof baseline>;

/** Of fewer images in which something was found no mean score says anything. */
export const fewestScored = 10;

/** Null for no answers. */
export function baselineOf(stretches: readonly Stretch[]): Baseline | null {
  if (stretches.length === 0) return null;
  const windows = stretches.slice(1).map((stretch, index) => joined(stretches[index] ?? stretch, stretch));
  const found = windows.map(({ detectionsPerImage }) => detectionsPerImage);
  return {
    images: sum(stretches.map(({ images }) => images)),
    failed: sum(stretches.map(({ failed }) => failed)),
    lowestScore: lowest(windows.map(({ scored, meanScore }) => (scored < fewestScored ? null : meanScore))),
    fewest: lowest(found),
    most: highest(found),
    slowestMs: highest(windows.map(({ ms }) => ms)),
  };
}

/** What two lives of the same release were like together. */
export function together(one: Baseline | null, other: Baseline | null): Baseline | null {
  if (one === null || other === null) return one ?? other;
  return {
    images: one.images + other.images,
    failed: one.failed + other.failed,
    lowestScore: lowest([one.lowestScore, other.lowestScore]),
    fewest: lowest([one.fewest, other.fewest]),
    most: highest([one.most, other.most]),
    slowestMs: highest([one.slowestMs, other.slowestMs]),
  };
}

type Values = readonly (number | null)[];

function lowest(values: Values): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.min(...known);
}

function highest(values: Values): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
