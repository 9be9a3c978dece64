import { expect, test } from "vitest";
import { type Matches, matchDetections, overlapOf } from "#gateway/agreement/match-detections.ts";
import type { Box, Detection } from "#inference/contract.ts";
import { type Random, seededRandom } from "#test/support/random.ts";

function thing(box: Box, kind = 0, score = 0.9): Detection {
  return { name: `kind ${kind}`, class: kind, score, box };
}

function square(x: number, y = 0, side = 10): Box {
  return { x1: x, y1: y, x2: x + side, y2: y + side };
}

/** Crowded, with boxes that are the same, that have no area, and scores that tie. */
function crowd(random: Random, most = 40): Detection[] {
  return Array.from({ length: random.integer(0, most) }, () => {
    const [x, y] = [random.integer(0, 8), random.integer(0, 8)];
    const box = { x1: x, y1: y, x2: x + random.integer(0, 8), y2: y + random.integer(0, 8) };
    return thing(box, random.integer(0, 2), random.integer(0, 10) / 10);
  });
}

/** What suppression leaves: boxes of a class that overlap at most so far. */
function suppressed(detections: readonly Detection[], most = 0.7): Detection[] {
  const kept: Detection[] = [];
  for (const detection of [...detections].sort((a, b) => b.score - a.score)) {
    const rivals = kept.filter((one) => one.class === detection.class);
    if (rivals.every(({ box }) => overlapOf(box, detection.box) <= most)) kept.push(detection);
  }
  return kept;
}

function sets({ pairs, onlyOne, onlyOther }: Matches) {
  return {
    pairs: new Set(pairs.map(({ one, other, iou }) => JSON.stringify([one, other, iou]))),
    onlyOne: onlyOne.map((one) => JSON.stringify(one)).sort(),
    onlyOther: onlyOther.map((one) => JSON.stringify(one)).sort(),
  };
}

test("it makes no difference which of two answers is the one", () => {
  const random = seededRandom(11);
  for (let turn = 0; turn < 300; turn += 1) {
    const [one, other] = [crowd(random), crowd(random)];
    const there = matchDetections(one, other);
    const back = matchDetections(other, one);
    const turned = {
      pairs: back.pairs.map((pair) => ({ ...pair, one: pair.other, other: pair.one })),
      onlyOne: back.onlyOther,
      onlyOther: back.onlyOne,
    };
    expect(sets(there)).toEqual(sets(turned));
  }
});

test("a box is matched once at most, with one of its class that overlaps enough, and none is lost", () => {
  const random = seededRandom(12);
  for (let turn = 0; turn < 300; turn += 1) {
    const [one, other] = [crowd(random), crowd(random)];
    const iou = random.between(0, 1);
    const { pairs, onlyOne, onlyOther } = matchDetections(one, other, { iou });
    const ours = [...pairs.map((pair) => pair.one), ...onlyOne];
    const theirs = [...pairs.map((pair) => pair.other), ...onlyOther];
    expect(new Set(ours)).toEqual(new Set(one));
    expect(new Set(theirs)).toEqual(new Set(other));
    expect([ours.length, theirs.length]).toEqual([one.length, other.length]);
    for (const pair of pairs) {
      expect(pair.one.class).toBe(pair.other.class);
      expect(pair.iou).toBeGreaterThanOrEqual(iou);
      expect(pair.scoreDifference).toBe(pair.other.score - pair.one.score);
    }
  }
});

test("two boxes overlap between 0 and 1, as far in either order, and a box with itself wholly", () => {
  const random = seededRandom(13);
  const boxes = crowd(random, 120).map(({ box }) => box);
  for (const a of boxes) {
    expect(overlapOf(a, a)).toBe(1);
    for (const b of boxes) {
      const overlap = overlapOf(a, b);
      expect(overlap).toBe(overlapOf(b, a));
      expect(overlap >= 0 && overlap <= 1).toBe(true);
    }
  }
  expect(overlapOf(square(0), square(5))).toBeCloseTo(1 / 3, 12);
  expect(overlapOf(square(0), square(10))).toBe(0);
});

test("of two that would fit the one that overlaps more is taken", () => {
  const [near, far, mine] = [thing(square(1)), thing(square(3), 0, 0.95), thing(square(0))];
  const { pairs, onlyOther } = matchDetections([mine], [far, near]);
  expect(pairs).toMatchObject([{ one: mine, other: near }]);
  expect(onlyOther).toEqual([far]);
});

test("what is called otherwise is another thing, though its number is the same", () => {
  const { pairs } = matchDetections([thing(square(0))], [{ ...thing(square(0)), name: "another" }]);
  expect(pairs).toEqual([]);
});

test("the best pairs first are nearly as many as there can be, where boxes were suppressed", () => {
  const random = seededRandom(14);
  let [greedy, largest] = [0, 0];
  for (let turn = 0; turn < 150; turn += 1) {
    const one = suppressed(places(random));
    const other = suppressed(
      one.filter(() => random.chance(0.95)).map((detection) => jittered(detection, random)),
    );
    greedy += matchDetections(one, other).pairs.length;
    largest += largestMatching(one, other);
  }
  expect(largest).toBeGreaterThan(3_000);
  expect(greedy).toBeLessThanOrEqual(largest);
  expect(1 - greedy / largest).toBeLessThan(0.001);
});

function places(random: Random): Detection[] {
  return Array.from({ length: 40 }, () => {
    const box = square(random.between(0, 100), random.between(0, 100), random.between(8, 40));
    return thing(box, 0, random.between(0.25, 1));
  });
}

function jittered({ box, score, ...rest }: Detection, random: Random): Detection {
  const by = (at: number) => at + random.between(-2, 2);
  const moved = { x1: by(box.x1), y1: by(box.y1), x2: by(box.x2), y2: by(box.y2) };
  return { ...rest, score: score + random.between(-0.05, 0.05), box: moved };
}

/** By augmenting paths. */
function largestMatching(one: readonly Detection[], other: readonly Detection[]): number {
  const fits = one.map(({ box }) =>
    other.flatMap((their, at) => (overlapOf(box, their.box) >= 0.5 ? [at] : [])),
  );
  const taken = new Map<number, number>();
  const place = (row: number, tried: Set<number>): boolean => {
    for (const column of fits[row] ?? []) {
      if (tried.has(column)) continue;
      tried.add(column);
      const holder = taken.get(column);
      if (holder !== undefined && !place(holder, tried)) continue;
      taken.set(column, row);
      return true;
    }
    return false;
  };
  return one.filter((_, row) => place(row, new Set())).length;
}

test("of an answer with too many boxes the surest 300 count", () => {
  const many = Array.from({ length: 2_000 }, (_, index) => thing(square(index % 3, 0, 50), 0, index / 2_000));
  const { pairs, onlyOne, onlyOther } = matchDetections(many, many);
  expect(pairs).toHaveLength(300);
  expect(pairs.every(({ one }) => one.score >= 0.85)).toBe(true);
  expect([onlyOne, onlyOther]).toEqual([[], []]);
});
