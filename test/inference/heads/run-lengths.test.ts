import { expect, test } from "vitest";
import { addRun, compressRuns, type Runs } from "#inference/heads/run-lengths.ts";
import { seededRandom } from "#test/support/random.ts";
import { readRuns } from "./plain-masks.ts";

/** Made by hand from the published rules: counts from the fourth on are differences, groups of five bits, sign extended. */
test.each<[string, Runs, number, string]>([
  ["nothing set", [], 12, "<"],
  ["everything set", [0, 12], 12, "0<"],
  ["one pixel after ten", [10, 11], 12, ":11"],
  ["sixteen, whose highest bit would be a sign", [16, 17], 17, "`01"],
  ["a fourth count of one less than the second", [1, 6, 8, 12], 12, "152O"],
  ["a run of a thousand", [0, 1000], 1000, "0Xo0"],
])("a mask with %s is written as COCO writes it", (_, runs, pixels, text) => {
  expect(compressRuns(runs, pixels)).toBe(text);
});

test("runs that touch are one", () => {
  const runs: Runs = [];
  addRun(runs, 2, 4);
  addRun(runs, 4, 9);
  addRun(runs, 10, 12);
  expect(runs).toEqual([2, 9, 10, 12]);
});

test("what was written is read back the same, however many pixels lie between", () => {
  const random = seededRandom(51);
  for (let round = 0; round < 100; round += 1) {
    const longest = [3, 40, 400][random.integer(0, 2)] ?? 3;
    const runs: Runs = [];
    let at = random.integer(0, longest);
    for (let count = random.integer(0, 30); count > 0; count -= 1) {
      const next = at + random.integer(1, longest);
      addRun(runs, at, next);
      at = next + random.integer(1, longest);
    }
    const pixels = Math.max(1, (runs.at(-1) ?? 0) + (random.chance(0.5) ? random.integer(0, longest) : 0));
    const mask = readRuns(compressRuns(runs, pixels));
    expect(mask).toHaveLength(pixels);
    const set = new Array<boolean>(pixels).fill(false);
    for (let index = 0; index < runs.length; index += 2) set.fill(true, runs[index], runs[index + 1]);
    expect(mask).toEqual(set);
  }
});

test("counts of millions and their differences are written whole", () => {
  const text = compressRuns([0, 40_000_000, 40_000_001, 40_000_003, 45_000_000, 45_000_001], 50_000_000);
  expect(countsIn(text)).toEqual([0, 40_000_000, 1, 2, 4_999_997 - 0, 1, 4_999_999]);
});

/** As `readRuns`, without writing fifty million pixels down. */
function countsIn(text: string): number[] {
  const groups = [...text].map((character) => character.charCodeAt(0) - 48);
  const counts: number[] = [];
  for (let from = 0; from < groups.length; ) {
    const length = groups.slice(from).findIndex((group) => (group & 32) === 0) + 1;
    const own = groups.slice(from, from + length);
    const unsigned = own.reduce((sum, group, index) => sum + (group & 31) * 32 ** index, 0);
    const value = (own.at(-1) ?? 0) & 16 ? unsigned - 32 ** length : unsigned;
    counts.push(counts.length > 2 ? value + (counts.at(-2) ?? 0) : value);
    from += length;
  }
  return counts;
}
