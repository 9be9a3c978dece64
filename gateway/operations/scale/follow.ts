import type { Grid } from "./grid.ts";

/** What was believed after each step of the past, and what that said of the steps to come. */
export type Followed = {
  /** Requests a second, so many steps after that step. */
  readonly expect: (step: number, ahead: number) => number;
  readonly byTimeOfDay: boolean;
};

/** How fast it forgets, and whether it believes that what rises goes on rising. */
type Pace = { readonly levelSeconds: number; readonly trendSeconds: number | undefined };

const paces: readonly Pace[] = [
  { levelSeconds: 300, trendSeconds: undefined },
  { levelSeconds: 60, trendSeconds: undefined },
  { levelSeconds: 1_200, trendSeconds: undefined },
  { levelSeconds: 120, trendSeconds: 600 },
  { levelSeconds: 300, trendSeconds: 1_800 },
];

/** A trend that was seen goes on for about so long. */
const goesOnSeconds = 900;

/** Follows the past in several ways and keeps the one that was least wrong over as far as one wants to look. */
export function followBest(grid: Grid, ahead: number): Followed {
  const ways = paces.flatMap((pace) => [
    follow(grid, pace, undefined),
    ...(grid.daily ? [follow(grid, pace, grid.daily)] : []),
  ]);
  const [usual] = ways;
  if (!usual) throw new RangeError("there is a pace");
  const sums = sumsOf(grid.rates);
  const errors = ways.map((way) => errorOf(way, sums, ahead));
  let best = usual;
  let least = (errors[0] ?? 0) * clearly;
  for (const [place, way] of ways.entries()) {
    const error = errors[place] ?? least;
    if (error < least) [best, least] = [way, error];
  }
  return best;
}

/** Another way than the usual one has to be better by more than chance. */
const clearly = 0.97;

function follow({ rates, stepSeconds }: Grid, pace: Pace, daily: Grid["daily"]): Followed {
  const levels = new Float64Array(rates.length);
  const trends = new Float64Array(rates.length);
  const state = { level: 0, trend: 0, deviation: 0, seen: 0 };
  const fading = Math.exp(-stepSeconds / goesOnSeconds);
  const at = { ...pace, stepSeconds, fading };
  for (let step = 0; step < rates.length; step += 1) {
    const rate = (rates[step] ?? Number.NaN) / (daily?.(step) ?? 1);
    if (Number.isNaN(rate)) drift(state, fading);
    else learn(state, rate, at);
    levels[step] = state.level;
    trends[step] = state.trend;
  }
  const expect = (step: number, ahead: number): number => {
    const risen = ((trends[step] ?? 0) * fading * (1 - fading ** ahead)) / (1 - fading);
    const level = levels[step] ?? 0;
    return Math.min(4 * level, Math.max(0, level + risen)) * (daily?.(step + ahead) ?? 1);
  };
  return { expect, byTimeOfDay: daily !== undefined };
}

type State = { level: number; trend: number; deviation: number; seen: number };

/** Nobody counted: it goes where it was going, ever less. */
function drift(state: State, fading: number): void {
  state.trend *= fading;
  state.level = Math.max(0, state.level + state.trend);
}

type At = Pace & { readonly stepSeconds: number; readonly fading: number };

/** In the beginning the mean of what was seen, then a mean that forgets. What is absurdly much counts as very much. */
function learn(state: State, rate: number, { levelSeconds, trendSeconds, stepSeconds, fading }: At): void {
  state.seen += 1;
  const expected = Math.max(0, state.level + state.trend);
  const most = state.seen > 8 ? expected + mostDeviations * state.deviation + 1 / stepSeconds : rate;
  const off = Math.min(rate, most) - expected;
  const weight = Math.max(1 - Math.exp(-stepSeconds / levelSeconds), 1 / state.seen);
  state.deviation += Math.max(0.01, 1 / state.seen) * (Math.abs(off) - state.deviation);
  state.level = expected + weight * off;
  if (trendSeconds === undefined) return;
  const learns = state.seen * stepSeconds > levelSeconds ? 1 - Math.exp(-stepSeconds / trendSeconds) : 0;
  state.trend = state.trend * fading + learns * weight * off;
}

/** A burst is up to about so many mean deviations in the recorded loads. */
const mostDeviations = 12;

type Sums = { readonly rates: Float64Array; readonly known: Float64Array };

function sumsOf(rates: Float64Array): Sums {
  const sums = { rates: new Float64Array(rates.length + 1), known: new Float64Array(rates.length + 1) };
  for (const [step, rate] of rates.entries()) {
    const isKnown = !Number.isNaN(rate);
    sums.rates[step + 1] = (sums.rates[step] ?? 0) + (isKnown ? rate : 0);
    sums.known[step + 1] = (sums.known[step] ?? 0) + (isKnown ? 1 : 0);
  }
  return sums;
}

/** The mean square of how wrong it was of the mean of the time ahead, in its middle. */
function errorOf(way: Followed, sums: Sums, ahead: number): number {
  const steps = sums.rates.length - 1;
  const shown = Math.max(1, Math.min(ahead, steps >> 2));
  const stride = Math.max(1, Math.floor(steps / mostOrigins));
  let [squares, count] = [0, 0];
  for (let origin = steps - 1 - shown; origin >= steps >> 3; origin -= stride) {
    const known = (sums.known[origin + 1 + shown] ?? 0) - (sums.known[origin + 1] ?? 0);
    if (known < shown / 2) continue;
    const came = ((sums.rates[origin + 1 + shown] ?? 0) - (sums.rates[origin + 1] ?? 0)) / known;
    squares += (came - way.expect(origin, (shown + 1) / 2)) ** 2;
    count += 1;
  }
  return count < 4 ? Number.POSITIVE_INFINITY : squares / count;
}

const mostOrigins = 256;
