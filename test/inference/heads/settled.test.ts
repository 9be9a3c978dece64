import { expect, test } from "vitest";
import { detectDefaults } from "#inference/heads/detect.ts";
import { readSettled } from "#inference/heads/settled.ts";
import { seededRandom } from "#test/support/random.ts";
import { plainSettled } from "./plain-settled.ts";
import { randomFour, randomScore, rowsTensor } from "./tensors.ts";

const settled = (rows: readonly (readonly number[])[], classes = 3) => ({
  output: rowsTensor(rows),
  classes,
});

test("rows that the graph settled on come back as they are, without the zeros that fill up", () => {
  const found = readSettled(
    settled([
      [10, 20, 30, 40, 0.5, 2],
      [10, 20, 30, 40, 0.25, 1],
      [11, 20, 30, 40, 0.75, 2],
      [0, 0, 0, 0, 0, 0],
    ]),
    detectDefaults,
  );
  expect(found).toEqual([
    { class: 2, score: 0.75, box: { x1: 11, y1: 20, x2: 30, y2: 40 }, extras: new Float32Array() },
    { class: 2, score: 0.5, box: { x1: 10, y1: 20, x2: 30, y2: 40 }, extras: new Float32Array() },
  ]);
});

test("even with a threshold of zero a row of zeros is nothing", () => {
  expect(readSettled(settled([[0, 0, 0, 0, 0, 0]]), { ...detectDefaults, conf: 0 })).toEqual([]);
});

test.each([
  ["beyond the names", 3],
  ["below zero", -1],
  ["no number", Number.NaN],
  ["endless", Infinity],
])("a settled row whose class is %s is dropped", (_, label) => {
  const rows = [[10, 20, 30, 40, 0.9, label]];
  expect(readSettled(settled(rows), detectDefaults)).toEqual([]);
});

test("a class that a short float brought near its number is that class", () => {
  expect(readSettled(settled([[10, 20, 30, 40, 0.9, 1.998]]), detectDefaults)).toMatchObject([{ class: 2 }]);
});

test("the settled head agrees with the plain one on random rows", () => {
  const random = seededRandom(21);
  let seen = 0;
  for (let round = 0; round < 100; round += 1) {
    const extras = random.integer(0, 2);
    const rotated = extras > 0 && random.chance(0.5);
    const rows = Array.from({ length: random.integer(1, 60) }, () => {
      const [x = 0, y = 0, width = 0, height = 0] = randomFour(random);
      const four = rotated ? [x, y, width, height] : [x, y, x + width, y + height];
      const added = Array.from({ length: extras }, () =>
        random.chance(0.05) ? Number.NaN : random.between(-1, 1),
      );
      return [...four, randomScore(random), random.between(-0.9, 3.4), ...added];
    });
    const output = { output: rowsTensor(rows), classes: 3, rotated };
    const options = { conf: random.integer(0, 100) / 100, iou: 0.5, maxDetections: random.integer(1, 20) };
    const found = readSettled(output, options);
    expect(found).toEqual(plainSettled(output, options));
    seen += found.length;
  }
  expect(seen).toBeGreaterThan(100);
});
