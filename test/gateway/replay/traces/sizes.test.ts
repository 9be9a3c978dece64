import { expect, test } from "vitest";
import { createSeeded } from "#gateway/replay/seeded.ts";
import { createSizes } from "#gateway/replay/traces/sizes.ts";

const drawMany = (terms: Parameters<typeof createSizes>[0], seed = 1) =>
  Array.from({ length: 20_001 }, createSizes(terms, createSeeded(seed))).sort((a, b) => a - b);

test("images of which nothing is known have 60,000 bytes", () => {
  expect(new Set(drawMany({}))).toEqual(new Set([60_000]));
});

test("drawn sizes are whole, have the median that was asked for, and the spread", () => {
  const sizes = drawMany({ medianBytes: 100_000, spread: 0.5 });
  expect(sizes.every(Number.isInteger)).toBe(true);
  expect(Math.abs((sizes[10_000] ?? 0) / 100_000 - 1)).toBeLessThan(0.02);
  expect(Math.abs(Math.log((sizes[16_827] ?? 0) / 100_000) - 0.5)).toBeLessThan(0.03);
});

test("drawn sizes are decided by the seed", () => {
  expect(drawMany({ spread: 0.5 })).toEqual(drawMany({ spread: 0.5 }));
  expect(drawMany({ spread: 0.5 })).not.toEqual(drawMany({ spread: 0.5 }, 2));
});

test("drawn sizes stay between a byte and what a body may be", () => {
  const sizes = [...drawMany({ medianBytes: 1, spread: 3 }), ...drawMany({ medianBytes: 1e8, spread: 3 })];
  expect(sizes.every((bytes) => bytes >= 1 && bytes <= 1e8)).toBe(true);
});

test.each([
  { medianBytes: 0 },
  { medianBytes: Number.NaN },
  { medianBytes: 1e9 },
  { spread: -1 },
  { spread: 4 },
])("sizes of %j are refused", (terms) => {
  expect(() => createSizes(terms, createSeeded(1))).toThrow(RangeError);
});
