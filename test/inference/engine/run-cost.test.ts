import { expect, test } from "vitest";
import { costOf, createCostLearner, fitCost, type Sample, sinceChange } from "#inference/engine/run-cost.ts";
import { type Random, seededRandom } from "#test/support/random.ts";

const samplesOf = (items: readonly number[], ms: (items: number) => number): Sample[] =>
  items.map((count) => ({ items: count, ms: ms(count) }));

test("exact samples give back the line they were taken from", () => {
  const { perRun, perItem } = fitCost(samplesOf([1, 2, 8, 4, 3], (items) => 8 + items));
  expect(perRun).toBeCloseTo(8, 3);
  expect(perItem).toBeCloseTo(1, 3);
});

test("of undisturbed samples the line is near to that of plain least squares", () => {
  for (let seed = 0; seed < 200; seed += 1) {
    const random = seededRandom(seed);
    const samples = noisy(random, { perRun: random.between(1, 20), perItem: random.between(0.5, 5) });
    const [line, plain] = [fitCost(samples), plainLine(samples)];
    for (const items of [1, 16]) {
      expect(Math.abs(costOf(line, items) / costOf(plain, items) - 1), `seed ${seed}`).toBeLessThan(0.08);
    }
  }
});

test("runs that took many times as long, one in ten, hardly move the line", () => {
  for (let seed = 0; seed < 200; seed += 1) {
    const random = seededRandom(seed);
    const truth = { perRun: random.between(1, 20), perItem: random.between(0.5, 5) };
    const wild = noisy(random, truth).map(({ items, ms }, index) => ({
      items,
      ms: index < 4 ? ms * random.between(10, 500) : ms,
    }));
    for (const items of [1, 16]) {
      const error = Math.abs(costOf(fitCost(wild), items) / costOf(truth, items) - 1);
      expect(error, `seed ${seed}`).toBeLessThan(0.15);
    }
  }
});

test("rare large batches keep their say", () => {
  const samples = samplesOf([...Array.from({ length: 45 }, () => 1), 8, 8, 8, 8, 8], (items) => 8 + items);
  expect(costOf(fitCost(samples), 8)).toBeCloseTo(16, 2);
});

test("where one size was seen, or larger runs were quicker, all is the cost of a run", () => {
  expect(fitCost(samplesOf([4, 4, 4], () => 12))).toEqual({ perRun: 12, perItem: 0 });
  expect(fitCost(samplesOf([1, 2, 3, 4, 5], (items) => 20 - items))).toMatchObject({ perItem: 0 });
});

test("a run is never thought to cost less than nothing", () => {
  const line = fitCost(samplesOf([2, 3, 4, 5, 6], (items) => items * items));
  expect(line.perRun).toBe(0);
  expect(line.perItem).toBeGreaterThan(2);
  expect(fitCost(samplesOf([1, 2, 3], () => 0))).toEqual({ perRun: 0, perItem: 0 });
});

test("samples before a lasting change are forgotten, those before a single slow run are not", () => {
  const before = samplesOf([1, 2, 3, 4, 1, 2, 3, 4], (items) => 8 + items);
  const slower = samplesOf([1, 2, 3, 4, 1], (items) => 30 + items);
  const faster = samplesOf([1, 2, 3, 4, 1], () => 3);
  expect(sinceChange([...before, ...slower])).toEqual(slower);
  expect(sinceChange([...before, ...faster])).toEqual(faster);
  expect(sinceChange([...before, { items: 1, ms: 9_000 }])).toHaveLength(9);
  expect(sinceChange([...before, ...slower.slice(1), { items: 1, ms: 9 }])).toHaveLength(13);
});

test("nothing is known before a few runs were seen, then their cost and their size", () => {
  const learner = createCostLearner();
  for (const items of [1, 2, 3, 4]) learner.learn(items, 8 + items);
  expect(learner.learned).toBeUndefined();
  learner.learn(5, 13);
  expect(learner.learned?.items).toBe(3);
  expect(costOf(learner.learned?.cost ?? { perRun: 0, perItem: 0 }, 5)).toBeCloseTo(13, 3);
});

test("measurements that can't be true teach nothing", () => {
  const learner = createCostLearner();
  for (let time = 0; time < 10; time += 1) {
    learner.learn(1, -1);
    learner.learn(1, Number.NaN);
    learner.learn(1, Number.POSITIVE_INFINITY);
    learner.learn(0, 1);
    learner.learn(Number.NaN, 1);
  }
  expect(learner.learned).toBeUndefined();
});

test("only the last runs count", () => {
  const learner = createCostLearner();
  for (let run = 0; run < 1_000; run += 1) learner.learn(1, 10);
  for (let run = 0; run < 50; run += 1) learner.learn(1, 15);
  expect(learner.learned?.cost.perRun).toBeCloseTo(15, 3);
});

function noisy(random: Random, truth: { perRun: number; perItem: number }): Sample[] {
  return Array.from({ length: 40 }, () => {
    const items = random.integer(1, 16);
    return { items, ms: costOf(truth, items) * random.between(0.95, 1.05) };
  });
}

/** Ordinary least squares as in any textbook. */
function plainLine(samples: readonly Sample[]) {
  const n = samples.length;
  const sum = (value: (sample: Sample) => number) =>
    samples.reduce((total, sample) => total + value(sample), 0);
  const [x, y] = [sum(({ items }) => items), sum(({ ms }) => ms)];
  const [xx, xy] = [sum(({ items }) => items * items), sum(({ items, ms }) => items * ms)];
  const perItem = (n * xy - x * y) / (n * xx - x * x);
  return { perItem, perRun: (y - perItem * x) / n };
}
