import { expect, test } from "vitest";
import { type Judged, meanAveragePrecision } from "../../support/mean-average-precision.ts";

const box = (x1: number, width = 10) => ({ x1, y1: 0, x2: x1 + width, y2: 10 });
const seven = (x1: number) => ({ class: 7, box: box(x1) });

test("exact detections of everything make 1", () => {
  const image: Judged = {
    detections: [
      { ...seven(0), score: 0.9 },
      { class: 2, score: 0.4, box: box(50) },
    ],
    truth: [seven(0), { class: 2, box: box(50) }],
  };
  expect(meanAveragePrecision([image])).toEqual({ map50: 1, map50To95: 1 });
});

test("a false detection between two true ones lowers the precision of the recall beyond it", () => {
  const detections = [
    { ...seven(0), score: 0.9 },
    { ...seven(50), score: 0.8 },
    { ...seven(100), score: 0.7 },
  ];
  const { map50 } = meanAveragePrecision([{ detections, truth: [seven(0), seven(100)] }]);
  expect(map50).toBeCloseTo((51 * 1 + 50 * (2 / 3)) / 101, 12);
});

test("a second detection of the same object counts as false", () => {
  const detections = [
    { ...seven(0), score: 0.9 },
    { ...seven(0), score: 0.8 },
    { ...seven(100), score: 0.7 },
  ];
  const { map50 } = meanAveragePrecision([{ detections, truth: [seven(0), seven(100)] }]);
  expect(map50).toBeCloseTo((51 * 1 + 50 * (2 / 3)) / 101, 12);
});

test("a box counts up to the IoU that it reaches", () => {
  const detections = [{ class: 7, score: 0.9, box: box(0, 8) }];
  const rated = meanAveragePrecision([{ detections, truth: [seven(0)] }]);
  expect(rated.map50).toBe(1);
  expect(rated.map50To95).toBeCloseTo(7 / 10, 12);
});

test("scores rank detections across images, whatever order the images come in", () => {
  const missed: Judged = { detections: [{ ...seven(50), score: 0.9 }], truth: [] };
  const found: Judged = { detections: [{ ...seven(0), score: 0.8 }], truth: [seven(0)] };
  expect(meanAveragePrecision([missed, found]).map50).toBeCloseTo(0.5, 12);
  expect(meanAveragePrecision([found, missed]).map50).toBeCloseTo(0.5, 12);
});

test("every class of the truth weighs the same, and classes it lacks weigh nothing", () => {
  const image: Judged = {
    detections: [
      { ...seven(0), score: 0.9 },
      { class: 5, score: 0.9, box: box(50) },
    ],
    truth: [seven(0), { class: 2, box: box(50) }, { class: 2, box: box(80) }],
  };
  expect(meanAveragePrecision([image]).map50).toBe(0.5);
});

test("nothing detected makes 0", () => {
  expect(meanAveragePrecision([{ detections: [], truth: [seven(0)] }])).toEqual({ map50: 0, map50To95: 0 });
});

test("no images make 0", () => {
  expect(meanAveragePrecision([])).toEqual({ map50: 0, map50To95: 0 });
});
