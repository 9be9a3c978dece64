import type { Forecast } from "./forecast.ts";

/** The courses that demand may take, with its rates rounded to a few levels so that each needs to be weighed once. */
export type Courses = {
  readonly levels: Float64Array;
  /** Of each course, the level at each step. */
  readonly paths: readonly Uint8Array[];
  readonly stepSeconds: number;
  readonly peak: number;
  readonly mean: number;
  /** What is hardly ever exceeded, in the busiest part of the time ahead. */
  readonly high: number;
};

const levelCount = 64;

/** No further ahead than what is decided now can still be undone. */
export function coursesOf({ paths, steps, stepSeconds }: Forecast, aheadMs: number): Courses {
  const shown = Math.max(1, Math.ceil(aheadMs / 1_000 / stepSeconds));
  const rates = paths.map((path) => path.slice(0, shown).map(rateOf));
  const high = Math.max(0, ...steps.slice(0, shown).map((step) => rateOf(step.high)));
  const peak = rates.reduce((most, path) => path.reduce((a, b) => Math.max(a, b), most), 0);
  const levels = Float64Array.from({ length: levelCount }, (_, level) => peak * shareOf(level));
  const all = rates.flat();
  return {
    levels,
    paths: rates.map((path) => Uint8Array.from(path, (rate) => levelOf(rate, peak))),
    stepSeconds,
    peak: Math.max(peak, high),
    mean: all.length === 0 ? 0 : all.reduce((sum, rate) => sum + rate, 0) / all.length,
    high,
  };
}

/** Levels lie closer where demand is low, so that a burst does not hide what comes usually. */
function shareOf(level: number): number {
  return (level / (levelCount - 1)) ** 2;
}

function levelOf(rate: number, peak: number): number {
  return peak > 0 ? Math.round(Math.sqrt(rate / peak) * (levelCount - 1)) : 0;
}

function rateOf(rate: number): number {
  return Number.isFinite(rate) && rate > 0 ? rate : 0;
}
