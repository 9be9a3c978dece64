import { expect, test } from "vitest";
import { detectDefaults } from "#inference/heads/detect.ts";
import { readQueries, readQueryPair } from "#inference/heads/queries.ts";
import { type Random, seededRandom } from "#test/support/random.ts";
import { plainQueries, plainScores } from "./plain-queries.ts";
import { randomScore, rowsTensor } from "./tensors.ts";

const boxes = rowsTensor([
  [0.5, 0.5, 0.2, 0.4],
  [0.25, 0.5, 0.5, 1],
]);

test("with a logit a class each goes through its own sigmoid", () => {
  const logits = rowsTensor([
    [0, 2],
    [-1, -1.5],
  ]);
  const found = readQueryPair(boxes, logits, 2, detectDefaults);
  expect(found).toMatchObject([{ class: 1 }, { class: 0 }]);
  expect(found[0]?.score).toBeCloseTo(1 / (1 + Math.exp(-2)), 6);
  expect(found[0]?.box.x1).toBeCloseTo(0.4, 6);
  expect(found[1]?.score).toBeCloseTo(1 / (1 + Math.E), 6);
});

test("with one logit more the last is nothing, and they go through a softmax together", () => {
  const logits = rowsTensor([
    [Math.log(3), 0, 0],
    [0, 0, 9],
  ]);
  const found = readQueryPair(boxes, logits, 2, detectDefaults);
  expect(found).toMatchObject([{ class: 0 }]);
  expect(found[0]?.score).toBeCloseTo(0.6, 6);
});

test("queries with boxes and finished scores in one row are read, and not suppressed", () => {
  const output = rowsTensor([
    [0.5, 0.5, 0.5, 0.5, 0.25, 0.75],
    [0.5, 0.5, 0.5, 0.5, 0.5, 0.875],
  ]);
  expect(readQueries(output, detectDefaults)).toEqual([
    { class: 1, score: 0.875, box: { x1: 0.25, y1: 0.25, x2: 0.75, y2: 0.75 } },
    { class: 1, score: 0.75, box: { x1: 0.25, y1: 0.25, x2: 0.75, y2: 0.75 } },
  ]);
  expect(readQueries(output, { ...detectDefaults, conf: 0.3, multiLabel: true })).toHaveLength(3);
  expect(readQueries(output, { ...detectDefaults, maxDetections: 1 })).toMatchObject([{ score: 0.875 }]);
});

const odd = [Number.NaN, Infinity, -Infinity, 200, -200];

function randomFours(random: Random, queries: number): number[][] {
  return Array.from({ length: queries }, () =>
    Array.from({ length: 4 }, () =>
      Math.fround(random.chance(0.02) ? (odd[random.integer(0, 4)] ?? 0) : random.between(0, 1)),
    ),
  );
}

test("the heads of the DETR family agree with the plain ones on random tensors", () => {
  const random = seededRandom(31);
  let seen = 0;
  for (let round = 0; round < 100; round += 1) {
    const [queries, classes] = [random.integer(1, 40), random.integer(1, 5)];
    const options = {
      conf: random.integer(0, 90) / 100,
      iou: 0.5,
      maxDetections: random.integer(1, 30),
      multiLabel: random.chance(0.5),
    };
    const fours = randomFours(random, queries);
    const width = classes + random.integer(0, 1);
    const logits = rowsTensor(
      Array.from({ length: queries }, () =>
        Array.from({ length: width }, () =>
          random.chance(0.05) ? (odd[random.integer(0, 4)] ?? 0) : random.between(-4, 4),
        ),
      ),
    );
    const found = readQueryPair(rowsTensor(fours), logits, classes, options);
    expect(found).toEqual(plainQueries(fours, plainScores(logits, classes), options));
    const scores = fours.map(() => Array.from({ length: classes }, () => Math.fround(randomScore(random))));
    const output = rowsTensor(fours.map((four, query) => [...four, ...(scores[query] ?? [])]));
    expect(readQueries(output, options)).toEqual(plainQueries(fours, scores, options));
    seen += found.length;
  }
  expect(seen).toBeGreaterThan(100);
});
