import { expect, test } from "vitest";
import type { DetectOptions } from "#inference/contract.ts";
import { type AnchorsOutput, detectDefaults, readDetections } from "#inference/heads/detect.ts";
import { type Random, seededRandom } from "#test/support/random.ts";
import { plainDetections } from "./plain-detections.ts";
import { anchorsTensor, randomFour, randomScore } from "./tensors.ts";

function anchors(rows: readonly (readonly number[])[], extras = 0): AnchorsOutput {
  return { output: anchorsTensor(rows), classes: (rows[0]?.length ?? 0) - 4 - extras };
}

test("a detection is the best class of its anchor, its box by corners", () => {
  const found = readDetections(anchors([[20, 30, 10, 20, 0.1, 0.75, 0.5]]), detectDefaults);
  expect(found).toEqual([
    { class: 1, score: 0.75, box: { x1: 15, y1: 20, x2: 25, y2: 40 }, extras: new Float32Array() },
  ]);
});

test("a score at the threshold is dropped and one above it is kept", () => {
  const output = anchors([
    [20, 30, 10, 20, 0.1],
    [90, 30, 10, 20, 0.125],
  ]);
  expect(readDetections(output, { ...detectDefaults, conf: 0.1 })).toHaveLength(1);
  expect(readDetections(output, { ...detectDefaults, conf: 0.125 })).toHaveLength(0);
  expect(readDetections(output, { ...detectDefaults, conf: 0 })).toHaveLength(2);
  expect(readDetections(output, { ...detectDefaults, conf: 1 })).toHaveLength(0);
});

test("of two overlapping boxes of a class the better one stays, of two classes both", () => {
  const same = anchors([
    [20, 20, 10, 10, 0.5, 0],
    [20, 20, 10, 10, 0.9, 0],
  ]);
  const different = anchors([
    [20, 20, 10, 10, 0.5, 0],
    [20, 20, 10, 10, 0, 0.9],
  ]);
  expect(readDetections(same, detectDefaults).map(({ score }) => score)).toEqual([Math.fround(0.9)]);
  expect(readDetections(different, detectDefaults).map((found) => found.class)).toEqual([1, 0]);
  const agnostic = readDetections(different, { ...detectDefaults, agnostic: true });
  expect(agnostic.map((found) => found.class)).toEqual([1]);
});

test("with several labels a box is each thing that it scores for, and without only the best", () => {
  const output = anchors([[20, 20, 10, 10, 0.5, 0.1, 0.75]]);
  const labels = readDetections(output, { ...detectDefaults, multiLabel: true });
  expect(labels.map((found) => found.class)).toEqual([2, 0]);
  expect(readDetections(output, detectDefaults).map((found) => found.class)).toEqual([2]);
});

test("an overlap of exactly the threshold is no reason to drop a box", () => {
  const output = anchors([
    [10, 10, 20, 20, 0.9],
    [20, 10, 20, 20, 0.8],
  ]);
  expect(readDetections(output, { ...detectDefaults, iou: 1 / 3 })).toHaveLength(2);
  expect(readDetections(output, { ...detectDefaults, iou: 0.333 })).toHaveLength(1);
});

test("what is no number is no detection, and does not hide the others", () => {
  const output = anchors([
    [Number.NaN, 10, 20, 20, 0.9],
    [20, 20, Number.POSITIVE_INFINITY, 20, 0.9],
    [20, 20, -20, 20, 0.9],
    [20, 20, 20, 20, Number.NaN],
    [20, 20, 20, 20, Number.POSITIVE_INFINITY],
    [90, 90, 20, 20, 0.3],
  ]);
  expect(readDetections(output, detectDefaults)).toMatchObject([
    { box: { x1: 80, y1: 80, x2: 100, y2: 100 } },
  ]);
});

test("a class without a number does not hide the anchor's other classes", () => {
  const [found] = readDetections(anchors([[20, 20, 9, 9, Number.NaN, 0.5, Infinity]]), detectDefaults);
  expect(found).toMatchObject({ class: 1, score: 0.5 });
});

test("no more detections come back than were asked for, the best ones", () => {
  const output = anchors([
    [10, 10, 4, 4, 0.5],
    [30, 10, 4, 4, 0.9],
    [50, 10, 4, 4, 0.7],
  ]);
  const scores = (maxDetections: number) =>
    readDetections(output, { ...detectDefaults, maxDetections }).map(({ score }) => score);
  expect(scores(2)).toEqual([Math.fround(0.9), Math.fround(0.7)]);
  expect(scores(1)).toEqual([Math.fround(0.9)]);
});

test("an output without anchors finds nothing", () => {
  const output = { datatype: "FP32" as const, shape: [1, 7, 0], data: new Float32Array() };
  expect(readDetections({ output, classes: 3 }, detectDefaults)).toEqual([]);
});

test("the numbers that a task adds come with their own anchor", () => {
  const output = anchors(
    [
      [10, 10, 4, 4, 0.5, 1, 2],
      [30, 10, 4, 4, 0.9, 3, 4],
    ],
    2,
  );
  const extras = readDetections(output, detectDefaults).map((found) => [...found.extras]);
  expect(extras).toEqual([
    [3, 4],
    [1, 2],
  ]);
});

function randomOptions(random: Random): DetectOptions {
  return {
    conf: random.integer(0, 100) / 100,
    iou: random.between(0.05, 0.95),
    maxDetections: random.chance(0.1) ? 1 : random.integer(1, 40),
    agnostic: random.chance(0.3),
    multiLabel: random.chance(0.3),
  };
}

test.each([
  ["upright", false],
  ["rotated", true],
])("the fast head agrees with the plain one on random %s boxes and options", (_, rotated) => {
  const random = seededRandom(rotated ? 12 : 11);
  let seen = 0;
  for (let round = 0; round < 100; round += 1) {
    const classes = random.integer(1, 6);
    const rows = Array.from({ length: random.integer(1, 80) }, () => [
      ...randomFour(random),
      ...Array.from({ length: classes }, () => randomScore(random)),
      ...(rotated ? [random.chance(0.03) ? Number.NaN : random.between(-0.8, 2.4)] : []),
    ]);
    const output = { output: anchorsTensor(rows), classes, rotated };
    const options = randomOptions(random);
    const found = readDetections(output, options);
    expect(found).toEqual(plainDetections(output, options));
    seen += found.length;
  }
  expect(seen).toBeGreaterThan(100);
});

test("of very many candidates the best thirty thousand compete, and it takes no time to speak of", () => {
  const count = 40_000;
  const data = new Float32Array(5 * count).fill(4);
  for (let anchor = 0; anchor < count; anchor += 1) {
    data[anchor] = anchor * 10;
    data[4 * count + anchor] = 0.5 + (anchor % 1000) / 4000;
  }
  const output = { output: { datatype: "FP32" as const, shape: [1, 5, count], data }, classes: 1 };
  const found = readDetections(output, { conf: 0, iou: 0.5, maxDetections: 100 });
  expect(new Set(found.map(({ score }) => score))).toEqual(
    new Set([0.5 + 999 / 4000, 0.5 + 998 / 4000, 0.5 + 997 / 4000].map(Math.fround)),
  );
  expect(found[1]?.box.x1).toBe(1999 * 10 - 2);
});
