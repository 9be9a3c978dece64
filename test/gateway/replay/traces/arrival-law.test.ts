import { expect, test } from "vitest";
import { createSeeded } from "#gateway/replay/seeded.ts";
import { type FittedWindow, lawOf } from "#gateway/replay/traces/arrival-law.ts";

const draws = 60_000;

const windowOf = (terms: Partial<FittedWindow>): FittedWindow => ({
  client: "0",
  startS: 0,
  ratePerS: 2,
  cv: 1,
  pattern: "Gamma",
  p1: 1,
  p2: 0.5,
  ...terms,
});

function gapsOf(terms: Partial<FittedWindow>) {
  const [law, seeded] = [lawOf(windowOf(terms)), createSeeded(11)];
  const gaps = Array.from({ length: draws }, () => law.next(seeded));
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / draws;
  const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / draws);
  return { mean, cv: deviation / mean };
}

test.each([0.25, 1, 3.081])(
  "gaps of a Gamma of shape %d have the mean of the rate and the shape's cv",
  (p1) => {
    const { mean, cv } = gapsOf({ p1 });
    expect(Math.abs(mean / 0.5 - 1)).toBeLessThan(0.03);
    expect(Math.abs(cv * Math.sqrt(p1) - 1)).toBeLessThan(0.03);
  },
);

test.each([
  [0.5, Math.sqrt(5)],
  [1, 1],
  [1.3303845222743667, 0.7588],
  [2, 0.52272],
])("gaps of a Weibull of shape %d have the mean of the rate and the cv %d", (p1, wanted) => {
  const { mean, cv } = gapsOf({ pattern: "Weibull", p1 });
  expect(Math.abs(mean / 0.5 - 1)).toBeLessThan(0.03);
  expect(Math.abs(cv / wanted - 1)).toBeLessThan(0.03);
});

test("gaps with a pattern that is not known have the rate and the cv of their columns", () => {
  for (const terms of [{ pattern: "Pareto", p1: 9 }, { pattern: "" }, { pattern: "Gamma", p1: 0 }]) {
    const { mean, cv } = gapsOf({ ...terms, cv: 1.5 });
    expect(Math.abs(mean / 0.5 - 1)).toBeLessThan(0.03);
    expect(Math.abs(cv / 1.5 - 1)).toBeLessThan(0.03);
  }
});

test("a client without any deviation sends evenly", () => {
  expect(gapsOf({ pattern: "", cv: 0 })).toEqual({ mean: 0.5, cv: 0 });
});

test.each([
  ["Gamma", 0.2],
  ["Gamma", 3],
  ["Weibull", 0.5],
  ["Weibull", 2],
])(
  "a window of a %s of shape %d begins as if it had gone on for ever, so it has rate times time requests",
  (pattern, p1) => {
    const [law, seeded] = [lawOf(windowOf({ pattern, p1 })), createSeeded(12)];
    let count = 0;
    for (let window = 0; window < 4_000; window++) {
      for (let now = law.first(seeded); now < 5; now += law.next(seeded)) count++;
    }
    expect(Math.abs(count / 40_000 - 1)).toBeLessThan(0.03);
  },
);

test("shapes that nobody fits are drawn without a hang and without an endless number", () => {
  for (const terms of [
    { p1: 1e-300 },
    { p1: 1e14 },
    { pattern: "Weibull", p1: 1e-300 },
    { pattern: "", cv: 1e200 },
  ]) {
    const [law, seeded] = [lawOf(windowOf(terms)), createSeeded(13)];
    for (let index = 0; index < 1_000; index++) {
      expect(law.first(seeded)).toBeGreaterThanOrEqual(0);
      expect(law.next(seeded)).toBeGreaterThanOrEqual(0);
    }
  }
});
