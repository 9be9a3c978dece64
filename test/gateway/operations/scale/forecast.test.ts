import { expect, test } from "vitest";
import { type Count, forecastDemand } from "#gateway/operations/scale/forecast.ts";
import { seededRandom } from "#test/support/random.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

test("what came evenly is expected to come so again", () => {
  const forecast = forecastDemand(history({ spanMs: 2 * hour, rateAt: () => 40 }), ask(2 * hour));
  expect(forecast.steps).toHaveLength(60);
  for (const { mean, high } of forecast.steps) {
    expect(mean).toBeCloseTo(40, 6);
    expect(high).toBeCloseTo(40, 6);
  }
  for (const path of forecast.paths) for (const rate of path) expect(rate).toBeCloseTo(40, 6);
});

test("of what was counted only the time counts as known in which nothing can be missing", () => {
  const past = history({ spanMs: 2 * hour, rateAt: () => 40 });
  const known = (countedSince: number) =>
    forecastDemand(past, { ...ask(2 * hour), countedSince }).learned.seconds;
  expect(known(0)).toBe(7_200);
  expect(known(2 * hour - 5 * minute)).toBe(300);
  expect(known(3 * hour)).toBe(0);
});

test("a ramp is followed upwards", () => {
  const rateAt = (at: number): number => 20 + (at / hour) * 60;
  const forecast = forecastDemand(history({ spanMs: 2 * hour, rateAt }), ask(2 * hour));
  const { mean } = forecast.steps.at(-1) ?? none;
  expect(mean).toBeGreaterThan(rateAt(2 * hour));
  expect(mean).toBeLessThan(rateAt(2 * hour) * 1.2);
});

test("a time of day counts from two days on, and not before", () => {
  const rateAt = (at: number): number => 50 + 40 * Math.sin((2 * Math.PI * at) / day);
  const seen = (spanMs: number) =>
    forecastDemand(history({ spanMs, rateAt, seconds: 60 }), { ...ask(spanMs, 3 * hour), stepSeconds: 60 });
  const short = seen(1.5 * day);
  expect(short.learned.byTimeOfDay).toBe(false);
  const long = seen(3.25 * day);
  expect(long.learned.byTimeOfDay).toBe(true);
  const expected = rateAt(3.25 * day + 3 * hour);
  expect(Math.abs((long.steps.at(-1)?.mean ?? 0) - expected)).toBeLessThan(6);
});

test("what was counted by the hour tells the time of day as well as what was counted by the minute", () => {
  const rateAt = (at: number): number => (at % day < day / 2 ? 10 : 100);
  const now = 4.4 * day;
  const old = history({ spanMs: 4 * day, rateAt, seconds: 3_600 });
  const fresh = history({ spanMs: now, rateAt, seconds: 60 }).filter(({ at }) => at >= 4 * day);
  const forecast = forecastDemand([...old, ...fresh], { ...ask(now, 4 * hour), stepSeconds: 60 });
  expect(forecast.learned.byTimeOfDay).toBe(true);
  expect(forecast.steps.at(-1)?.mean ?? 0).toBeGreaterThan(60);
});

test("the high is exceeded about as rarely in what comes as it was in what came", () => {
  let [above, all] = [0, 0];
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const random = seededRandom(seed);
    const rates = Array.from(
      { length: 800 },
      () => (random.chance(0.1) ? 150 : 20) * random.between(0.7, 1.3),
    );
    const rateAt = (at: number): number => rates[Math.floor(at / 15_000)] ?? 0;
    const now = 2.5 * hour;
    const { steps } = forecastDemand(history({ spanMs: now, rateAt }), ask(now));
    for (const [step, { high }] of steps.entries()) {
      all += 1;
      if (rateAt(now + step * 15_000) > high) above += 1;
    }
  }
  expect(above / all).toBeLessThan(0.12);
  expect(above / all).toBeGreaterThan(0);
});

test("paths have the bursts that came, and hardly any that never came", () => {
  const rateAt = (at: number): number => (at % (10 * minute) < minute ? 200 : 20);
  const { paths } = forecastDemand(history({ spanMs: 2 * hour, rateAt }), ask(2 * hour));
  const peaks = paths.map((path) => Math.max(...path));
  expect(peaks.filter((peak) => peak > 120).length).toBeGreaterThan(paths.length / 2);
  for (const peak of peaks) expect(peak).toBeLessThanOrEqual(1.1 * 200 + 1e-9);
});

test("where nobody counted nothing is known, which is not nothing", () => {
  const whole = history({ spanMs: 2 * hour, rateAt: () => 40 });
  const gap = whole.filter(({ at }) => at < 1.2 * hour || at >= 1.6 * hour);
  for (const { mean } of forecastDemand(gap, ask(2 * hour)).steps) expect(mean).toBeCloseTo(40, 6);
  const untilLately = whole.filter(({ at }) => at < 1.8 * hour);
  for (const { mean } of forecastDemand(untilLately, ask(2 * hour)).steps) expect(mean).toBeCloseTo(40, 6);
});

test("silence that was counted is expected to go on", () => {
  const rateAt = (at: number): number => (at < hour ? 40 : 0);
  const { steps } = forecastDemand(history({ spanMs: 4 * hour, rateAt }), ask(4 * hour));
  expect(steps[0]?.mean ?? 1).toBeLessThan(2);
});

test("one absurd interval does not lift the forecast for long", () => {
  const rateAt = (at: number): number => (at === 1.5 * hour ? 1e6 : 40);
  const { steps } = forecastDemand(history({ spanMs: 2 * hour, rateAt }), ask(2 * hour));
  for (const { mean } of steps) expect(mean).toBeLessThan(60);
});

test("the interval that still goes on counts for as long as it went on", () => {
  const now = 2 * hour + 15_000;
  const counts = history({ spanMs: 2 * hour, rateAt: () => 40, seconds: 60 });
  const going = { at: 2 * hour, seconds: 60, requests: 15 * 40 };
  const { steps } = forecastDemand([...counts, going], { ...ask(now), stepSeconds: 60 });
  expect(steps[0]?.mean ?? 0).toBeCloseTo(40, 6);
});

test("a few minutes are enough to expect something, with a wide range", () => {
  const { steps, paths } = forecastDemand(history({ spanMs: 2 * minute, rateAt: () => 40 }), ask(2 * minute));
  expect(steps[0]?.mean ?? 0).toBeCloseTo(40, 6);
  expect(Math.max(...paths.map((path) => path[0] ?? 0))).toBeGreaterThan(50);
});

test("nothing known is nothing expected", () => {
  const { steps, paths, learned } = forecastDemand([], ask(hour));
  expect(steps.every(({ mean, high }) => mean === 0 && high === 0)).toBe(true);
  expect(paths.flat().every((rate) => rate === 0)).toBe(true);
  expect(learned).toEqual({ seconds: 0, byTimeOfDay: false });
});

test("whatever the history is, a forecast is finite, not negative, as long as asked for and made in bounded time", () => {
  const random = seededRandom(7);
  for (let round = 0; round < 60; round += 1) {
    const now = random.between(1, 3) * day;
    const counts = Array.from({ length: random.integer(0, 2_000) }, () => hostile(random, now)).sort(
      (a, b) => a.at - b.at,
    );
    const horizonMs = random.between(minute, 2 * hour);
    const forecast = forecastDemand(counts, { now, horizonMs, stepSeconds: random.between(0.1, 300) });
    const figures = [...forecast.paths.flat(), ...forecast.steps.flatMap(({ mean, high }) => [mean, high])];
    expect(figures.every((figure) => Number.isFinite(figure) && figure >= 0)).toBe(true);
    expect(forecast.steps.every(({ mean, high }) => high >= mean)).toBe(true);
    expect(forecast.steps.length).toBeLessThanOrEqual(1_440);
    expect(forecast.paths.length).toBeLessThanOrEqual(16);
  }
});

test("the same history gives the same forecast", () => {
  const random = seededRandom(3);
  const counts = history({ spanMs: 2 * hour, rateAt: () => random.between(0, 100) });
  expect(forecastDemand(counts, ask(2 * hour))).toEqual(forecastDemand(counts, ask(2 * hour)));
});

const none = { mean: 0, high: 0 };

function ask(now: number, horizonMs = 15 * minute) {
  return { now, horizonMs };
}

type History = {
  readonly spanMs: number;
  readonly rateAt: (at: number) => number;
  readonly seconds?: number;
};

function history({ spanMs, rateAt, seconds = 15 }: History): readonly Count[] {
  return Array.from({ length: Math.floor(spanMs / 1_000 / seconds) }, (_, index) => {
    const at = index * seconds * 1_000;
    return { at, seconds, requests: rateAt(at) * seconds };
  });
}

function hostile(random: ReturnType<typeof seededRandom>, now: number): Count {
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, -1, 0, 1e300];
  const strange = (usual: number): number =>
    random.chance(0.05) ? (odd[random.integer(0, odd.length - 1)] ?? 0) : usual;
  return {
    at: strange(random.between(0, 1.2 * now)),
    seconds: strange(random.between(1, 900)),
    requests: strange(random.integer(0, 5_000)),
  };
}
