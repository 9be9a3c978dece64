import { expect, test } from "vitest";
import { createEvidence } from "#gateway/agreement/evidence.ts";
import { seededRandom } from "#test/support/random.ts";

/** How many numbers it takes to show it so many times over; the most where it never does. */
function needed(
  side: "below" | "above",
  draw: () => number,
  { bound = 0.9, strength = 1_000, most = 10_000 } = {},
): number {
  const evidence = createEvidence(side);
  for (let count = 1; count < most; count += 1) {
    evidence.add(draw(), bound);
    if (evidence.strength() >= strength) return count;
  }
  return most;
}

test("the further a mean lies beyond its bound, the sooner that is shown", () => {
  const random = seededRandom(31);
  const near = (mean: number) => () => mean + random.between(-0.05, 0.05);
  const counts = [0.85, 0.7, 0.4, 0.05].map((mean) => needed("below", near(mean)));
  expect(counts).toEqual([...counts].sort((a, b) => b - a));
  expect(counts[0]).toBeLessThan(100);
  expect(counts[3]).toBeLessThan(10);
  expect(needed("above", near(0.95))).toBeLessThan(500);
});

test("numbers whose mean is the bound show a thousandfold once in more than a thousand on average", () => {
  const random = seededRandom(32);
  // The worst there is: all or nothing.
  const draw = () => (random.chance(0.9) ? 1 : 0);
  const turns = 40;
  for (const side of ["below", "above"] as const) {
    let looks = 0;
    for (let turn = 0; turn < turns; turn += 1) looks += needed(side, draw);
    expect(looks / turns).toBeGreaterThan(1_000);
  }
});

test("evidence does not carry a long good time over into a bad one", () => {
  const evidence = createEvidence("below");
  for (let count = 0; count < 100_000; count += 1) evidence.add(1, 0.9);
  for (let count = 0; count < 10; count += 1) evidence.add(0, 0.9);
  expect(evidence.strength()).toBeGreaterThan(1_000);
  evidence.clear();
  expect(evidence.strength()).toBe(1);
});

test("evidence stays a number whatever comes", () => {
  for (const side of ["below", "above"] as const) {
    const evidence = createEvidence(side);
    for (const bound of [-1, 0, 0.5, 1, 2])
      for (const value of [-5, 0, 1, 5])
        for (let turn = 0; turn < 1_000; turn += 1) evidence.add(value, bound);
    expect(Number.isFinite(evidence.strength())).toBe(true);
  }
});
