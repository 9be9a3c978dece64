import { expect, test } from "vitest";
import { agreementOf, compareAnswers } from "#gateway/agreement/agreement-of.ts";
import { matchDetections } from "#gateway/agreement/match-detections.ts";
import type { Detection } from "#inference/contract.ts";
import { answerOfTask } from "#test/support/answers.ts";
import { type Random, seededRandom } from "#test/support/random.ts";

const options = { conf: 0.25 };

function thing(kind: number, score: number, x = 0): Detection {
  return { name: `kind ${kind}`, class: kind, score, box: { x1: x, y1: 0, x2: x + 10, y2: 10 } };
}

function some(random: Random): Detection[] {
  return Array.from({ length: random.integer(0, 20) }, (_, index) =>
    thing(random.integer(0, 5), random.between(0.25, 1), 12 * index),
  );
}

function agreement(one: readonly Detection[], other: readonly Detection[], conf = 0.25): number {
  return compareAnswers(one, other, "detect", { conf }).agreement;
}

test("an answer agrees wholly with itself, in any order, and nothing with nothing", () => {
  const random = seededRandom(21);
  for (let turn = 0; turn < 100; turn += 1) {
    const one = some(random);
    expect(compareAnswers(one, one.toReversed(), "detect", options)).toEqual({
      agreement: 1,
      scoreDifference: one.length === 0 ? undefined : 0,
    });
  }
  expect(agreement([], [])).toBe(1);
});

test("agreement lies between 0 and 1 and is the same in either order", () => {
  const random = seededRandom(22);
  for (let turn = 0; turn < 300; turn += 1) {
    const [one, other] = [some(random), some(random)];
    const there = agreement(one, other);
    expect(there >= 0 && there <= 1).toBe(true);
    expect(agreement(other, one)).toBeCloseTo(there, 12);
  }
});

test("the more boxes an answer lacks, the less it agrees", () => {
  const random = seededRandom(23);
  for (let turn = 0; turn < 100; turn += 1) {
    const one = some(random);
    let last = 1;
    for (let left = one.length; left >= 0; left -= 1) {
      const now = agreement(one, one.slice(0, left));
      expect(now).toBeLessThanOrEqual(last + 1e-12);
      last = now;
    }
  }
});

test("answers of other classes have nothing in common", () => {
  const one = [thing(0, 0.9), thing(1, 0.8, 20)];
  const permuted = [thing(1, 0.9), thing(2, 0.8, 20)];
  expect(compareAnswers(one, permuted, "detect", options)).toEqual({
    agreement: 0,
    scoreDifference: undefined,
  });
  expect(agreement(one, [])).toBe(0);
});

test("a box that lies barely above the threshold hardly counts, a sure one does", () => {
  const sure = [thing(0, 0.9), thing(1, 0.85, 20)];
  expect(agreement(sure, [...sure, thing(2, 0.28, 40)])).toBeGreaterThan(0.98);
  expect(agreement(sure, [...sure, thing(2, 0.9, 40)])).toBeLessThan(0.85);
  expect(agreement([], [thing(2, 0.27, 40)])).toBeGreaterThan(0.95);
  expect(agreement([], [thing(2, 0.9, 40)])).toBe(0);
});

test("a high threshold leaves a sure box its weight", () => {
  expect(agreement([thing(0, 0.97)], [], 0.9)).toBe(0);
  expect(agreement([thing(0, 0.91)], [], 0.9)).toBeGreaterThan(0.6);
  expect(agreement([thing(0, 1)], [], 1)).toBe(1);
});

test("a score that is no number weighs nothing", () => {
  expect(agreement([thing(0, Number.NaN)], [])).toBe(1);
  expect(agreement([thing(0, 1e9)], [thing(0, 1e9)])).toBe(1);
});

test("the score difference is how far the scores of what both found lie apart", () => {
  const one = [thing(0, 0.9), thing(1, 0.5, 20), thing(2, 0.9, 40)];
  const other = [thing(0, 0.8), thing(1, 0.7, 20)];
  expect(compareAnswers(one, other, "detect", options).scoreDifference).toBeCloseTo(0.15, 12);
});

test.each(["segment", "pose", "obb"] as const)("of task %s the boxes are compared", (task) => {
  const { detections } = answerOfTask(task);
  const [dog] = detections;
  expect(compareAnswers(detections, detections, task, options).agreement).toBe(1);
  const bare = detections.map(({ name, class: kind, score, box }) => ({ name, class: kind, score, box }));
  expect(compareAnswers(detections, bare, task, options).agreement).toBe(1);
  expect(compareAnswers(detections, dog ? [dog] : [], task, options).agreement).toBeLessThan(1);
});

test("of a whole image the best class counts, as far as it is ahead of the other's best", () => {
  const classify = (one: readonly Detection[], other: readonly Detection[]) =>
    compareAnswers(one, other, "classify", options).agreement;
  const cat = [thing(0, 0.6), thing(1, 0.3)];
  expect(classify(cat, [thing(0, 0.5)])).toBe(1);
  expect(classify(cat, [thing(1, 0.6), thing(0, 0.3)])).toBe(0);
  expect(classify(cat, [{ ...thing(0, 0.6), name: "another" }])).toBe(0);
  const torn = [thing(0, 0.46), thing(1, 0.45)];
  expect(classify(torn, [thing(1, 0.46), thing(0, 0.44)])).toBeCloseTo(0.92, 6);
  expect(classify([], [])).toBe(1);
  expect(classify([thing(0, 0.27)], [])).toBeCloseTo(0.92, 6);
  expect(classify([thing(0, 0.9)], [])).toBe(0);
});

test("matches can be weighed on their own", () => {
  const one = [thing(0, 0.9)];
  expect(agreementOf(matchDetections(one, one), options)).toBe(1);
});
