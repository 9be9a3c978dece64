import type { Followed } from "./follow.ts";
import type { Grid } from "./grid.ts";

export type Futures = {
  /** Requests a second in each step from now on: as expected, and what is hardly ever exceeded. */
  readonly steps: readonly { readonly mean: number; readonly high: number }[];
  /** Courses that it may take, all as likely as each other: a rate for each step. */
  readonly paths: readonly (readonly number[])[];
};

type FuturesOptions = { readonly ahead: number; readonly quantile: number };

const mostPaths = 16;

/** What is believed while there is no past to be wrong in. */
const unknown = [0.4, 0.7, 0.9, 1, 1.1, 1.3, 1.6, 2.2];

/** The next steps as they are expected, times what came in the past over what was expected of it then. */
export function futuresOf(grid: Grid, followed: Followed, { ahead, quantile }: FuturesOptions): Futures {
  const last = grid.rates.length - 1;
  const means = Array.from({ length: ahead }, (_, step) => followed.expect(last, step + 1));
  const ratios = pastRatios(grid, followed, ahead);
  const most = mostOf(grid, means);
  const paths = ratios.map((course) => means.map((mean, step) => Math.min(most, mean * (course[step] ?? 1))));
  const band = Math.max(1, Math.ceil(ahead / bands));
  const highs = Array.from({ length: bands }, (_, place) =>
    quantileOf(
      ratios.flatMap((course) => course.slice(place * band, (place + 1) * band)),
      quantile,
    ),
  );
  const steps = means.map((mean, step) => ({
    mean,
    high: mean * Math.max(1, highs[Math.floor(step / band)] ?? 1),
  }));
  return { steps, paths };
}

/** Nobody plans for a burst that is far above any that was seen, unless that much is expected. */
function mostOf({ rates }: Grid, means: readonly number[]): number {
  const seen = rates.reduce((most, rate) => (rate > most ? rate : most), 0);
  return Math.max(1.1 * seen, 2 * Math.max(...means));
}

/** How far ahead makes a difference, in parts of the whole. */
const bands = 4;

/** What came over what was expected, as it would be now. */
function pastRatios(grid: Grid, followed: Followed, ahead: number): readonly (readonly number[])[] {
  const { rates } = grid;
  const last = rates.length - 1;
  const floor = meanOf(rates) / 4;
  const origins = originsOf(grid, followed, ahead);
  const ratios = origins.map((origin) =>
    Array.from({ length: ahead }, (_, step) => {
      const came = rates[origin + 1 + (step % Math.max(1, last - origin))] ?? Number.NaN;
      const expected = Math.max(floor, followed.expect(origin, step + 1));
      const now = Math.max(floor, followed.expect(last, step + 1));
      return Number.isNaN(came) || !(expected > 0) ? 1 : asOfNow(came, expected, now) / now;
    }),
  );
  if (ratios.length >= 4) return ratios;
  const [only] = ratios;
  return unknown.map((ratio) => Array.from({ length: ahead }, (_, step) => ratio * (only?.[step] ?? 1)));
}

/** What is usual grows with demand, and what is less than it; what bursts out above it hardly does. */
function asOfNow(came: number, expected: number, now: number): number {
  const growth = Math.min(mostAway, Math.max(1 / mostAway, now / expected));
  return now * Math.min(1, came / expected) + Math.max(0, came - expected) * growth;
}

const mostAway = 1.5;

/**
 * Where such a forecast could have been made: enough was known by then, and most is over by now. Of all of them those
 * are taken before which it was most like now, since after a burst it is otherwise than in a quiet hour.
 */
function originsOf(grid: Grid, followed: Followed, ahead: number): readonly number[] {
  const steps = grid.rates.length;
  const first = Math.min(steps >> 1, Math.ceil(learningSeconds / grid.stepSeconds));
  const newest = steps - 1 - Math.min(ahead, Math.max(1, steps >> 1));
  const stride = Math.max(1, Math.floor((newest - first) / mostAsked));
  const moodNow = moodOf(grid, followed, steps - 1);
  const origins: { readonly origin: number; readonly away: number }[] = [];
  for (let origin = newest; origin >= first; origin -= stride) {
    const mood = moodOf(grid, followed, origin);
    const away = mood.reduce((sum, value, index) => sum + Math.abs(value - (moodNow[index] ?? 0)), 0);
    origins.push({ origin, away });
  }
  const apart = Math.max(1, Math.min(Math.floor(ahead / 6), Math.floor((newest - first) / mostPaths)));
  return spreadOut(
    origins.sort((a, b) => a.away - b.away).map(({ origin }) => origin),
    apart,
  );
}

/** The first of them that are not almost the same as one before. */
function spreadOut(origins: readonly number[], apart: number): readonly number[] {
  const taken: number[] = [];
  for (const origin of origins) {
    if (taken.length >= mostPaths) break;
    if (taken.every((other) => Math.abs(other - origin) >= apart)) taken.push(origin);
  }
  return taken;
}

const mostAsked = 160;

/** How busy it was lately beside what is usual, over a short while and a longer one. */
function moodOf({ rates, stepSeconds }: Grid, { expect }: Followed, step: number): readonly number[] {
  const usual = Math.max(expect(step, 1), 1e-9);
  return [30, 180].map((seconds) => {
    const lately = rates.subarray(Math.max(0, step + 1 - Math.round(seconds / stepSeconds)), step + 1);
    return Math.log(0.2 + meanOf(lately) / usual);
  });
}

const learningSeconds = 300;

function meanOf(rates: Float64Array): number {
  const known = rates.filter((rate) => !Number.isNaN(rate));
  return known.length === 0 ? 0 : known.reduce((sum, rate) => sum + rate, 0) / known.length;
}

function quantileOf(values: readonly number[], quantile: number): number {
  const sorted = Float64Array.from(values).sort();
  const place = Math.min(1, Math.max(0, quantile)) * (sorted.length - 1);
  const low = sorted[Math.floor(place)] ?? 1;
  return low + ((sorted[Math.ceil(place)] ?? low) - low) * (place - Math.floor(place));
}
