import type { Count } from "./counts.ts";
import { followBest } from "./follow.ts";
import { type Futures, futuresOf } from "./futures.ts";
import { gridOf } from "./grid.ts";

export type { Count } from "./counts.ts";

export type Forecast = Futures & {
  readonly stepSeconds: number;
  /** How much demand varies within a step beside its mean there: as it does from one step to the next. */
  readonly roughness: number;
  /** What it was learned from, for whoever reads a plan. */
  readonly learned: { readonly seconds: number; readonly byTimeOfDay: boolean };
};

export type ForecastOptions = {
  readonly now: number;
  readonly horizonMs: number;
  /** Since when all was counted that came; of what is older it may be a part. */
  readonly countedSince?: number;
  /** How fine; the usual length of the newest intervals, unless it is said. */
  readonly stepSeconds?: number;
  /** Of all that came in the past, this share was at most the `high` of its forecast. */
  readonly quantile?: number;
};

/**
 * What is going to come, learned from what came: how much, where it is heading, and at which time of the day. How far
 * it may be off is what such forecasts were off by before, each as a whole course, so a burst stays a burst. Intervals
 * come in time order; where there is none nothing is known, which is not nothing. The same history gives the same.
 */
export function forecastDemand(history: readonly Count[], options: ForecastOptions): Forecast {
  const grid = gridOf(history, options);
  const wanted = Math.round(Math.max(1, options.horizonMs) / 1_000 / grid.stepSeconds);
  const ahead = Math.min(mostSteps, Math.max(1, wanted));
  const followed = followBest(grid, ahead);
  const sinceMs = Math.max(0, options.now - (options.countedSince ?? Number.NEGATIVE_INFINITY));
  return {
    ...futuresOf(grid, followed, { ahead, quantile: options.quantile ?? 0.95 }),
    stepSeconds: grid.stepSeconds,
    roughness: roughnessOf(grid.rates),
    learned: {
      seconds: Math.min(grid.known * grid.stepSeconds, sinceMs / 1_000),
      byTimeOfDay: followed.byTimeOfDay,
    },
  };
}

/** The deviation of one step from the one before, which for bursts is like that of its parts; at least by chance. */
function roughnessOf(rates: Float64Array): number {
  let [apart, sum, pairs] = [0, 0, 0];
  for (let step = 1; step < rates.length; step += 1) {
    const [before = Number.NaN, here = Number.NaN] = [rates[step - 1], rates[step]];
    if (Number.isNaN(before + here)) continue;
    apart += Math.abs(here - before);
    sum += (here + before) / 2;
    pairs += 1;
  }
  return pairs === 0 || !(sum > 0) ? 0 : Math.min(mostRough, (apart / sum) * deviationOfDistance);
}

/** Of two draws from one normal law. */
const deviationOfDistance = Math.sqrt(Math.PI) / 2;

const mostRough = 2;

/** Six hours of quarter minutes. */
const mostSteps = 1_440;
