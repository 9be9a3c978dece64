import { expect, test } from "vitest";
import { createSeeded } from "#gateway/replay/seeded.ts";
import { createServiceTime } from "#gateway/replay/simulation/service-time.ts";
import type { Law, Variation } from "#gateway/replay/simulation/simulated-fleet.ts";

const still: Variation = { noise: 0 };
const timeOf = (law: Law, variation = still) => createServiceTime(law, variation, createSeeded(3));

test("takes as long as each law says", () => {
  expect(timeOf({ kind: "batching", baseMs: 10, perItemMs: 4, maxBatch: 8 })(3, 0)).toBe(22);
  expect(timeOf({ kind: "parallel", ms: 60, workers: 2 })(2, 0)).toBe(60);
  expect(timeOf({ kind: "linear", baseMs: 20, perInFlightMs: 5 })(3, 0)).toBe(30);
});

test("takes measured times at their concurrency, between two of them and beyond the last", () => {
  const levels = [
    { concurrency: 1, ms: [10] },
    { concurrency: 4, ms: [40] },
  ];
  const time = timeOf({ kind: "samples", levels });
  expect([1, 2, 4, 8].map((count) => time(count, 0))).toEqual([10, 20, 40, 80]);
  expect(timeOf({ kind: "samples", levels: levels.slice(1) })(1, 0)).toBe(40);
});

test("draws measured times as often as they were measured", () => {
  const time = timeOf({ kind: "samples", levels: [{ concurrency: 1, ms: [10, 20, 30] }] });
  const drawn = Array.from({ length: 4_000 }, () => time(1, 0));
  const mean = drawn.reduce((sum, ms) => sum + ms, 0) / drawn.length;
  expect(mean).toBeGreaterThan(19.5);
  expect(mean).toBeLessThan(20.5);
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(10);
  expect(Math.max(...drawn)).toBeLessThanOrEqual(30);
});

test("noise keeps the mean, and outliers come as often as they are said to", () => {
  const law: Law = { kind: "parallel", ms: 100, workers: 1 };
  const noisy = timeOf(law, { noise: 0.3 });
  const drawn = Array.from({ length: 20_000 }, () => noisy(1, 0));
  const mean = drawn.reduce((sum, ms) => sum + ms, 0) / drawn.length;
  expect(mean).toBeGreaterThan(99);
  expect(mean).toBeLessThan(101);
  const odd = timeOf(law, { noise: 0, outliers: { share: 0.1, factor: 5 } });
  const late = Array.from({ length: 10_000 }, () => odd(1, 0)).filter((ms) => ms === 500).length;
  expect(late).toBeGreaterThan(900);
  expect(late).toBeLessThan(1_100);
});

test("a sine is as slow and as fast as it is said to become, and comes back after its period", () => {
  const drift = { kind: "sine", periodMs: 60_000, share: 0.5 } as const;
  const time = timeOf({ kind: "parallel", ms: 100, workers: 1 }, { noise: 0, drift });
  const minute = Array.from({ length: 600 }, (_, tenth) => time(1, tenth * 100));
  expect(Math.max(...minute)).toBeCloseTo(150, 0);
  expect(Math.min(...minute)).toBeCloseTo(50, 0);
  expect(time(1, 60_000)).toBeCloseTo(minute[0] ?? 0, 6);
});

test("a walk stays near its mean, moves slowly, and takes a gap of any length in one step", () => {
  const drift = { kind: "walk", backMs: 60_000, deviation: 0.3 } as const;
  const time = timeOf({ kind: "parallel", ms: 100, workers: 1 }, { noise: 0, drift });
  const logs = Array.from({ length: 20_000 }, (_, second) => Math.log(time(1, second * 1_000) / 100));
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const deviation = Math.sqrt(logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / logs.length);
  const steps = logs.slice(1).map((log, place) => Math.abs(log - (logs[place] ?? 0)));
  expect(Math.abs(mean)).toBeLessThan(0.1);
  expect(deviation).toBeGreaterThan(0.22);
  expect(deviation).toBeLessThan(0.38);
  expect(Math.max(...steps)).toBeLessThan(0.35);
  expect(time(1, 1e12)).toBeGreaterThan(0);
});
