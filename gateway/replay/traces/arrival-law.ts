import type { Seeded } from "../seeded.ts";

/** How one client's requests come within one window, as somebody fitted it to what the client did. */
export type FittedWindow = {
  readonly client: string;
  readonly startS: number;
  readonly ratePerS: number;
  /** The deviation of the gaps between requests over their mean. */
  readonly cv: number;
  readonly pattern: string;
  readonly p1: number;
  readonly p2: number;
};

/** Gaps between requests, in seconds. */
export type ArrivalLaw = {
  /** From a moment picked without looking at the requests to the next of them. */
  readonly first: (seeded: Seeded) => number;
  readonly next: (seeded: Seeded) => number;
};

/** Below this even millions of draws are all zero but one, so a window is a single heap; fits of real clients end at 0.01. */
const leastShape = 0.002;

/**
 * The law of a window's gaps. For both patterns p1 is the shape and p2 the scale in seconds: over the published windows
 * 1/sqrt(p1) is the cv column to the last digit for Gamma, and the mean that p1 and p2 give is 1/rate in most. Where it
 * is not, a client sent a few requests in one go, and the fit knows only the gaps between those, not the silence around
 * them. So the shape is the law's and the mean is the rate's. A pattern without a name that is known here becomes a
 * Gamma with the rate and cv of its columns.
 */
export function lawOf({ ratePerS, cv, pattern, p1 }: FittedWindow): ArrivalLaw {
  const shape = Math.max(leastShape, p1);
  if (pattern === "Weibull" && p1 > 0) return weibullLaw(Math.max(shape, 0.1), ratePerS);
  if (pattern === "Gamma" && p1 > 0) return gammaLaw(shape, ratePerS);
  if (cv === 0) return evenLaw(ratePerS);
  return gammaLaw(Math.max(leastShape, 1 / (cv * cv)), ratePerS);
}

/**
 * A window begins anywhere in the client's day, most likely inside a long gap, so the first request is waited for as
 * long as the rest of such a gap lasts: a gap drawn in proportion to its length, times an even number. Starting with an
 * ordinary gap would make bursty clients send too much.
 */
function gammaLaw(shape: number, ratePerS: number): ArrivalLaw {
  const scale = 1 / (ratePerS * shape);
  return {
    first: (seeded) => seeded.gamma(shape + 1) * scale * seeded.number(),
    next: (seeded) => seeded.gamma(shape) * scale,
  };
}

function weibullLaw(shape: number, ratePerS: number): ArrivalLaw {
  const power = 1 / shape;
  const scale = 1 / (ratePerS * gammaFunction(1 + power));
  return {
    first: (seeded) => seeded.gamma(1 + power) ** power * scale * seeded.number(),
    next: (seeded) => seeded.exponential() ** power * scale,
  };
}

function evenLaw(ratePerS: number): ArrivalLaw {
  return { first: (seeded) => seeded.number() / ratePerS, next: () => 1 / ratePerS };
}

/** Stirling's series, moved up to where it holds fifteen digits. */
function gammaFunction(x: number): number {
  let [above, shifted] = [1, x];
  for (; shifted < 12; shifted++) above *= shifted;
  const series = 1 / (12 * shifted) - 1 / (360 * shifted ** 3) + 1 / (1260 * shifted ** 5);
  return (Math.sqrt((2 * Math.PI) / shifted) * (shifted / Math.E) ** shifted * Math.exp(series)) / above;
}
