import { expect, test } from "vitest";
import { boundsOfMean, boundsOfShare, ranksOfQuantile } from "#gateway/agreement/bounds.ts";
import { seededRandom } from "#test/support/random.ts";

/** One error in twenty on either side. */
const doubts = Math.log(20);

test.each([0, 0.01, 0.3, 0.9, 1])("a share of %s lies within its bounds as often as they say", (share) => {
  const random = seededRandom(71);
  const turns = 300;
  let [below, above] = [0, 0];
  for (let turn = 0; turn < turns; turn += 1) {
    const samples = random.integer(1, 200);
    const hits = Array.from({ length: samples }, () => random.chance(share)).filter(Boolean).length;
    const { low, high } = boundsOfShare(hits, samples, doubts);
    expect(low <= hits / samples && hits / samples <= high).toBe(true);
    if (share < low - 1e-9) below += 1;
    if (share > high + 1e-9) above += 1;
  }
  expect(below / turns).toBeLessThanOrEqual(0.05);
  expect(above / turns).toBeLessThanOrEqual(0.05);
});

test("the bounds of a share come nearer with more samples, and without any there are none", () => {
  expect(boundsOfShare(0, 0, doubts)).toEqual({ low: 0, high: 1 });
  expect(boundsOfShare(0, Number.NaN, doubts)).toEqual({ low: 0, high: 1 });
  const widths = [10, 100, 1_000].map((samples) => {
    const { low, high } = boundsOfShare(samples / 5, samples, doubts);
    return high - low;
  });
  expect(widths).toEqual([...widths].sort((a, b) => b - a));
  expect(boundsOfShare(5, 5, doubts)).toMatchObject({ low: expect.closeTo(20 ** (-1 / 5), 6), high: 1 });
});

test("a quantile lies between the samples at its ranks", () => {
  const random = seededRandom(72);
  const [turns, samples, quantile] = [300, 400, 0.95];
  const { low, high = 1 } = ranksOfQuantile(quantile, samples, doubts);
  let [below, above] = [0, 0];
  for (let turn = 0; turn < turns; turn += 1) {
    const values = Array.from({ length: samples }, () => random.between(0, 1)).sort((a, b) => a - b);
    if ((values[Math.ceil(low * samples) - 1] ?? 0) > quantile) below += 1;
    if ((values[Math.ceil(high * samples) - 1] ?? 1) < quantile) above += 1;
  }
  expect(high).toBeLessThan(1);
  expect(below / turns).toBeLessThanOrEqual(0.05);
  expect(above / turns).toBeLessThanOrEqual(0.05);
});

test("a high quantile of few samples has no upper bound", () => {
  expect(ranksOfQuantile(0.99, 100, doubts).high).toBeUndefined();
  expect(ranksOfQuantile(0.99, 0, doubts)).toEqual({ low: 0, high: undefined });
  expect(ranksOfQuantile(0.99, 1_000, doubts).high).toBeLessThan(1);
});

test("a mean lies within its bounds as often as they say, and near them where the numbers vary little", () => {
  const random = seededRandom(73);
  let misses = 0;
  for (let turn = 0; turn < 300; turn += 1) {
    const values = Array.from({ length: 100 }, () => (random.chance(0.9) ? 1 : random.between(0, 1)));
    const mean = values.reduce((sum, value) => sum + value, 0) / 100;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 99;
    const { low, high } = boundsOfMean({ mean, variance, samples: 100 }, doubts);
    if (low > 0.95 || high < 0.95) misses += 1;
  }
  expect(misses / 300).toBeLessThanOrEqual(0.1);
  expect(boundsOfMean({ mean: 0.5, variance: 0, samples: 1 }, doubts)).toEqual({ low: 0, high: 1 });
  expect(boundsOfMean({ mean: 0.5, variance: 0, samples: 10_000 }, doubts).low).toBeGreaterThan(0.499);
});
