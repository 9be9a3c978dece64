import { expect, test } from "vitest";
import { addRun, compressRuns, type Runs } from "#inference/heads/run-lengths.ts";
import { maskArea } from "#inference/image-api/mask-area.ts";
import { seededRandom } from "#test/support/random.ts";

test("a mask covers as many pixels as were drawn", () => {
  const random = seededRandom(8);
  for (let round = 0; round < 500; round += 1) {
    const runs: Runs = [];
    let [at, area] = [random.integer(0, 9), 0];
    for (let run = random.integer(0, 20); run > 0; run -= 1) {
      const length = random.integer(1, random.chance(0.2) ? 3_000_000 : 40);
      addRun(runs, at, at + length);
      area += length;
      at += length + random.integer(1, random.chance(0.2) ? 3_000_000 : 40);
    }
    expect(maskArea(compressRuns(runs, at))).toBe(area);
  }
});

test.each(["", "o", "oooooooooooooooooooo", "\0\0", "ÄÖ", "0".repeat(1_000), "4O4"])(
  "the area of the nonsense %j is never below zero",
  (mask) => {
    expect(maskArea(mask)).toBeGreaterThanOrEqual(0);
  },
);
