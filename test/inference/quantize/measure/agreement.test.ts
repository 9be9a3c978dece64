import { expect, test } from "vitest";
import { compareAnswers } from "#gateway/agreement/agreement-of.ts";
import type { Detection, Task } from "#inference/contract.ts";
import { agreementOf } from "#inference/quantize/measure/agreement.ts";
import { type Random, seededRandom } from "#test/support/random.ts";

const conf = 0.25;

const found = (score: number, x = 0, kind = 0): Detection => {
  return { name: String(kind), class: kind, score, box: { x1: x, y1: 0, x2: x + 10, y2: 10 } };
};

test("the same said of an image is an agreement of 1, of which nothing was found too", () => {
  expect(agreementOf([found(0.9)], [found(0.9)], { task: "detect", conf })).toBe(1);
  expect(agreementOf([], [], { task: "detect", conf })).toBe(1);
});

test("what only one found weighs as much as its score, and hardly anything near the threshold", () => {
  const half = agreementOf([found(0.9), found(0.9, 50)], [found(0.9)], { task: "detect", conf });
  expect(half).toBeCloseTo(2 / 3, 6);
  const near = agreementOf([found(0.9), found(0.26, 50)], [found(0.9)], { task: "detect", conf });
  expect(near).toBeGreaterThan(0.99);
});

test("another class in the same place is another thing", () => {
  expect(agreementOf([found(0.9, 0, 1)], [found(0.9, 0, 2)], { task: "detect", conf })).toBe(0);
});

test("agreement means here what it means to the gateway's rollouts", () => {
  const random = seededRandom(78);
  for (let round = 0; round < 2_000; round += 1) {
    const task: Task = random.chance(0.2) ? "classify" : "detect";
    const [one, other] = [answer(random), answer(random)];
    const ours = agreementOf(one, other, { task, conf });
    expect(ours).toBeCloseTo(compareAnswers(one, other, task, { conf }).agreement, 9);
  }
});

function answer(random: Random): Detection[] {
  return Array.from({ length: random.integer(0, 6) }, () =>
    found(random.between(0.25, 1), random.between(0, 30), random.integer(0, 2)),
  );
}
