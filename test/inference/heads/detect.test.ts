import { expect, test } from "vitest";
import type { DetectOptions, Tensor } from "#inference/contract.ts";
import { detectDefaults, readDetections } from "#inference/heads/detect.ts";
import { type Random, seededRandom } from "#test/support/random.ts";
import { plainDetections } from "./plain-detections.ts";

function tensor(anchors: readonly (readonly number[])[]): Tensor {
  const rows = anchors[0]?.length ?? 0;
  const data = new Float32Array(rows * anchors.length);
  anchors.forEach((anchor, place) => {
    anchor.forEach((value, row) => {
      data[row * anchors.length + place] = value;
    });
  });
  return { dims: [1, rows, anchors.length], data };
}

/** Boxes in a few heaps, so that many overlap; scores on a coarse grid, so that some are equal. */
function randomTensor(random: Random, anchors: number, classes: number): Tensor {
  return tensor(
    Array.from({ length: anchors }, () => {
      const heap = random.integer(0, 3) * 40 + 40;
      const box = [
        heap + random.between(-9, 9),
        heap + random.between(-9, 9),
        random.between(5, 50),
        random.between(5, 50),
      ];
      return [...box, ...Array.from({ length: classes }, () => random.integer(0, 200) / 200)];
    }),
  );
}

test("a detection is the best class of its anchor, its box by corners", () => {
  const found = readDetections(tensor([[20, 30, 10, 20, 0.1, 0.75, 0.5]]), detectDefaults);
  expect(found).toEqual([{ class: 1, score: 0.75, box: { x1: 15, y1: 20, x2: 25, y2: 40 } }]);
});

test("a score at the threshold is dropped and one above it is kept", () => {
  const output = tensor([
    [20, 30, 10, 20, 0.1],
    [90, 30, 10, 20, 0.125],
  ]);
  expect(readDetections(output, { ...detectDefaults, conf: 0.1 })).toHaveLength(1);
  expect(readDetections(output, { ...detectDefaults, conf: 0.125 })).toHaveLength(0);
});

test("of two overlapping boxes of a class the better one stays, of two classes both", () => {
  const same = tensor([
    [20, 20, 10, 10, 0.5, 0],
    [20, 20, 10, 10, 0.9, 0],
  ]);
  const different = tensor([
    [20, 20, 10, 10, 0.5, 0],
    [20, 20, 10, 10, 0, 0.9],
  ]);
  expect(readDetections(same, detectDefaults).map(({ score }) => score)).toEqual([Math.fround(0.9)]);
  expect(readDetections(different, detectDefaults).map((found) => found.class)).toEqual([1, 0]);
});

test("an overlap of exactly the threshold is no reason to drop a box", () => {
  const output = tensor([
    [10, 10, 20, 20, 0.9],
    [20, 10, 20, 20, 0.8],
  ]);
  expect(readDetections(output, { ...detectDefaults, iou: 1 / 3 })).toHaveLength(2);
  expect(readDetections(output, { ...detectDefaults, iou: 0.333 })).toHaveLength(1);
});

test("what is no number is no detection, and does not hide the others", () => {
  const output = tensor([
    [Number.NaN, 10, 20, 20, 0.9],
    [20, 20, Number.POSITIVE_INFINITY, 20, 0.9],
    [20, 20, 20, 20, Number.NaN],
    [20, 20, 20, 20, Number.POSITIVE_INFINITY],
    [90, 90, 20, 20, 0.3],
  ]);
  expect(readDetections(output, detectDefaults)).toMatchObject([
    { box: { x1: 80, y1: 80, x2: 100, y2: 100 } },
  ]);
});

test("no more detections come back than were asked for, the best ones", () => {
  const output = tensor([
    [10, 10, 4, 4, 0.5],
    [30, 10, 4, 4, 0.9],
    [50, 10, 4, 4, 0.7],
  ]);
  const found = readDetections(output, { ...detectDefaults, maxDetections: 2 });
  expect(found.map(({ score }) => score)).toEqual([Math.fround(0.9), Math.fround(0.7)]);
});

test("the fast head agrees with the plain one on random tensors and options", () => {
  const random = seededRandom(11);
  let seen = 0;
  for (let round = 0; round < 60; round += 1) {
    const output = randomTensor(random, random.integer(1, 120), random.integer(1, 6));
    const options: DetectOptions = {
      conf: random.integer(0, 100) / 100,
      iou: random.between(0.05, 0.95),
      maxDetections: random.integer(1, 40),
    };
    const found = readDetections(output, options);
    expect(found).toEqual(plainDetections(output, options));
    seen += found.length;
  }
  expect(seen).toBeGreaterThan(100);
});
