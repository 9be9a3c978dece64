import type { Count } from "./counts.ts";
import { timeOfDay } from "./time-of-day.ts";

/** The newest of the history as rates on equal steps, the last of which ends now. */
export type Grid = {
  readonly stepSeconds: number;
  /** Requests a second, oldest first; NaN where nobody counted. */
  readonly rates: Float64Array;
  /** Steps that somebody counted. */
  readonly known: number;
  /** How much more comes at the time of day of a step than in the mean; undefined before two days are known. */
  readonly daily: ((step: number) => number) | undefined;
};

type GridOptions = { readonly now: number; readonly stepSeconds?: number };

/** At five seconds a step: 2.8 hours. */
const mostSteps = 2_048;

/** What nobody can have sent is a fault of whoever counted. */
const mostRps = 1e9;

export function gridOf(history: readonly Count[], { now, stepSeconds }: GridOptions): Grid {
  const counts = history
    .slice(-mostCounts)
    .filter((count) => isCount(count, now))
    .map((count) => untilNow(count, now));
  const width = clamp(stepSeconds ?? usualSeconds(counts), 1, 3_600);
  const oldest = counts[0]?.at ?? now;
  const steps = Math.min(mostSteps, Math.max(1, Math.ceil((now - oldest) / 1_000 / width)));
  const rates = laidOut(counts, { now, width, steps });
  const factor = timeOfDay(counts);
  const startsAt = now - steps * width * 1_000;
  return {
    stepSeconds: width,
    rates,
    known: rates.reduce((sum, rate) => (Number.isNaN(rate) ? sum : sum + 1), 0),
    daily: factor && ((step) => factor(startsAt + (step + 0.5) * width * 1_000)),
  };
}

/** A fortnight of half minutes. */
const mostCounts = 40_320;

function isCount({ at, seconds, requests }: Count, now: number): boolean {
  if (!(Number.isFinite(at) && at < now && seconds > 0 && seconds <= 86_400)) return false;
  return requests >= 0 && requests / seconds <= mostRps;
}

/** Of the interval that is still going on, only what is over was counted. */
function untilNow({ at, seconds, requests }: Count, now: number): Count {
  return { at, seconds: Math.min(seconds, (now - at) / 1_000), requests };
}

/** Of the newest, since older ones are often counted more coarsely. */
function usualSeconds(counts: readonly Count[]): number {
  const newest = counts.slice(-31).map(({ seconds }) => seconds);
  return newest.sort((a, b) => a - b)[newest.length >> 1] ?? 15;
}

type Layout = { readonly now: number; readonly width: number; readonly steps: number };

/** Each count gives to a step what it shares with it in time; a step of which less than half was counted is unknown. */
function laidOut(counts: readonly Count[], { now, width, steps }: Layout): Float64Array {
  const startsAt = now - steps * width * 1_000;
  const requests = new Float64Array(steps);
  const seconds = new Float64Array(steps);
  for (const count of counts) {
    const from = Math.max(0, (count.at - startsAt) / 1_000 / width);
    const to = Math.min(steps, (count.at - startsAt) / 1_000 / width + count.seconds / width);
    for (let step = Math.floor(from); step < to; step += 1) {
      const shared = (Math.min(to, step + 1) - Math.max(from, step)) * width;
      requests[step] = (requests[step] ?? 0) + (count.requests * shared) / count.seconds;
      seconds[step] = (seconds[step] ?? 0) + shared;
    }
  }
  return requests.map((sum, step) => {
    const counted = seconds[step] ?? 0;
    return counted < width / 2 ? Number.NaN : sum / counted;
  });
}

function clamp(value: number, least: number, most: number): number {
  return Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : most;
}
