import { expect, test } from "vitest";
import { type Judged, meanAveragePrecision } from "#inference/quantize/measure/mean-average-precision.ts";
import { meanAveragePrecision as reference } from "#test/support/mean-average-precision.ts";
import { type Random, seededRandom } from "#test/support/random.ts";

test("the precision is the one that the suite's own evaluation finds", () => {
  const random = seededRandom(79);
  for (let round = 0; round < 60; round += 1) {
    const images = Array.from({ length: random.integer(1, 6) }, () => image(random));
    const [ours, theirs] = [meanAveragePrecision(images), reference(images)];
    expect(ours.map50).toBeCloseTo(theirs.map50, 9);
    expect(ours.map50To95).toBeCloseTo(theirs.map50To95, 9);
  }
});

test("all found is 1, nothing found or nothing to find is 0", () => {
  const truth = [{ class: 1, box: { x1: 0, y1: 0, x2: 4, y2: 4 } }];
  const detections = truth.map((object) => ({ ...object, score: 0.5 }));
  expect(meanAveragePrecision([{ detections, truth }])).toEqual({ map50: 1, map50To95: 1 });
  expect(meanAveragePrecision([{ detections: [], truth }])).toEqual({ map50: 0, map50To95: 0 });
  expect(meanAveragePrecision([])).toEqual({ map50: 0, map50To95: 0 });
});

function image(random: Random): Judged {
  const box = () => {
    const [x1, y1] = [random.between(0, 20), random.between(0, 20)];
    return { x1, y1, x2: x1 + random.between(4, 12), y2: y1 + random.between(4, 12) };
  };
  const truth = Array.from({ length: random.integer(0, 4) }, () => ({
    class: random.integer(0, 2),
    box: box(),
  }));
  const hits = truth.map((object) => ({ ...object, score: random.between(0, 1) }));
  const misses = Array.from({ length: random.integer(0, 4) }, () => ({
    ...{ class: random.integer(0, 2), box: box(), score: random.between(0, 1) },
  }));
  return { truth, detections: [...hits.filter(() => random.chance(0.7)), ...misses] };
}
