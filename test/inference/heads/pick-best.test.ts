import { expect, test } from "vitest";
import { maxCandidates, pickBest } from "#inference/heads/pick-best.ts";
import { type Random, seededRandom } from "#test/support/random.ts";

/** Filter, stable sort, cut. */
function plainBest(scores: Float32Array, conf: number, limit: number): number[] {
  return [...scores.keys()]
    .filter(
      (place) => (scores[place] ?? 0) > Math.fround(Math.max(conf, 0)) && (scores[place] ?? 0) < Infinity,
    )
    .sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0))
    .slice(0, limit);
}

function randomScores(random: Random): Float32Array {
  const odd = [Number.NaN, Infinity, -Infinity, -0.5, -0, 0, 1e-45, 3e38, 1];
  const grid = random.chance(0.5) ? 5 : 1e9;
  return Float32Array.from({ length: random.integer(0, 300) }, () =>
    random.chance(0.1) ? (odd[random.integer(0, odd.length - 1)] ?? 0) : random.integer(0, grid) / grid,
  );
}

test("the best scores come first, and of equal ones those that lie first", () => {
  const random = seededRandom(5);
  for (let round = 0; round < 300; round += 1) {
    const scores = randomScores(random);
    const conf = random.chance(0.3) ? 0 : random.between(0, 1);
    const limit = random.integer(1, 200);
    expect([...pickBest(scores, conf, limit)]).toEqual(plainBest(scores, conf, limit));
  }
});

test("a part of a larger tensor is picked from by its own places", () => {
  const scores = Float32Array.of(0.9, 0.1, 0.5, 0.7).subarray(1);
  expect([...pickBest(scores, 0.25)]).toEqual([2, 1]);
});

test("never more than the published limit are picked", () => {
  expect(pickBest(new Float32Array(maxCandidates + 5).fill(0.5), 0, 1e9)).toHaveLength(maxCandidates);
});
