import { expect, test } from "vitest";
import type { Golden, GoldenDetection } from "#inference/artefacts/golden.ts";
import { agreementOfGolden } from "#inference/artefacts/golden-agreement.ts";

const box = (at: number) => ({ x1: at, y1: at, x2: at + 10, y2: at + 10 });
const seven: GoldenDetection = { class: 7, score: 0.9, box: box(0) };
const three: GoldenDetection = { class: 3, score: 0.8, box: box(50) };

function goldenOf(...answers: readonly GoldenDetection[][]): Golden {
  return {
    schema: 1,
    images: answers.map((detections, at) => ({ name: `${at}`, image: "AAAA", detections })),
  };
}

test("the same answers agree wholly, others by how much of them is the same", () => {
  const golden = goldenOf([seven, three], [three]);
  expect(agreementOfGolden(golden, [[seven, three], [three]])).toBe(1_000_000);
  expect(agreementOfGolden(golden, [[seven, three], []])).toBe(500_000);
  const half = agreementOfGolden(golden, [[seven], [three]]);
  expect(half).toBeGreaterThan(800_000);
  expect(half).toBeLessThan(900_000);
});

test("a hair's breadth makes no difference, another class or another place does", () => {
  const golden = goldenOf([seven]);
  expect(agreementOfGolden(golden, [[{ ...seven, score: 0.8999, box: box(0.01) }]])).toBe(1_000_000);
  expect(agreementOfGolden(golden, [[{ ...seven, class: 1 }]])).toBe(0);
  expect(agreementOfGolden(golden, [[{ ...seven, box: box(30) }]])).toBe(0);
});

test("of whole images the best class counts", () => {
  const golden = goldenOf([{ class: 1, score: 0.9 }], [{ class: 2, score: 0.9 }]);
  expect(agreementOfGolden(golden, [[{ class: 1, score: 0.7 }], [{ class: 2, score: 0.9 }]])).toBe(1_000_000);
  expect(agreementOfGolden(golden, [[{ class: 1, score: 0.9 }], [{ class: 1, score: 0.9 }]])).toBe(500_000);
});

test("images in which nothing is to be found make no answer better", () => {
  const golden = goldenOf([], [], [seven]);
  expect(agreementOfGolden(golden, [[], [], []])).toBe(0);
  expect(agreementOfGolden(golden, [[], [three], [seven]])).toBe(500_000);
  expect(agreementOfGolden(goldenOf([]), [[]])).toBe(0);
});

test.each([
  ["a score that is no number", [[{ ...seven, score: Number.NaN }]]],
  ["a box that is nowhere", [[{ ...seven, box: { ...box(0), x2: Number.POSITIVE_INFINITY } }]]],
  ["an image too few", []],
  ["an image too many", [[seven], [seven]]],
])("answers with %s repeat nothing", (_, here) => {
  expect(agreementOfGolden(goldenOf([seven]), here)).toBe(0);
});
