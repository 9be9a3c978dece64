import { expect, test } from "vitest";
import { readClasses } from "#inference/heads/classify.ts";
import { seededRandom } from "#test/support/random.ts";
import { plainClasses } from "./plain-classes.ts";

const vector = (...values: number[]) => ({
  datatype: "FP32" as const,
  shape: [1, values.length],
  data: Float32Array.from(values),
});
const options = { conf: 0.1, maxDetections: 5 };

test("the classes above the threshold come best first, and no more than asked for", () => {
  const output = vector(0.125, 0.5, 0.0625, 0.3125);
  expect(readClasses(output, false, options)).toEqual([
    { class: 1, score: 0.5 },
    { class: 3, score: 0.3125 },
    { class: 0, score: 0.125 },
  ]);
  expect(readClasses(output, false, { ...options, maxDetections: 1 })).toEqual([{ class: 1, score: 0.5 }]);
  expect(readClasses(output, false, { ...options, conf: 1 })).toEqual([]);
});

test("logits go through a softmax where the model's metadata says that they are such", () => {
  const [first] = readClasses(vector(Math.log(9), 0), true, options);
  expect(first?.score).toBeCloseTo(0.9, 6);
});

test.each([
  ["logits", vector(4, -2, 7)],
  ["several yes or no answers", vector(0.9, 0.8, 0.7)],
  ["numbers below zero that add up to one", vector(1.5, -0.5)],
  ["no numbers", vector(Number.NaN, 1)],
  ["nothing but zeros", vector(0, 0, 0)],
])("a classifier that answers %s is refused instead of believed", (_, output) => {
  expect(() => readClasses(output, false, options)).toThrow(
    expect.objectContaining({ code: "backend_answer_invalid", hint: expect.stringContaining("softmax") }),
  );
});

test("the classifier's head agrees with the plain one on random vectors", () => {
  const random = seededRandom(41);
  for (let round = 0; round < 100; round += 1) {
    const output = vector(...Array.from({ length: random.integer(1, 50) }, () => random.integer(-3, 3)));
    const asked = { conf: random.between(0, 0.3), maxDetections: random.integer(1, 10) };
    expect(readClasses(output, true, asked)).toEqual(plainClasses(output, asked));
  }
});
