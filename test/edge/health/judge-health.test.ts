import { expect, test } from "vitest";
import type { Answered } from "#edge/answer/running-model.ts";
import { baselineOf, together } from "#edge/health/baseline.ts";
import { createHistory, type History, remember } from "#edge/health/history.ts";
import { judgeHealth } from "#edge/health/judge-health.ts";
import { quantile } from "#edge/health/quantile.ts";
import { seededRandom } from "#test/support/random.ts";

type Scene = {
  readonly things: number;
  readonly score: number;
  readonly ms?: number;
  readonly failing?: number;
};

/** Answers to images with so many things each, give or take, found with about that score. */
function history(images: number, { things, score, ms = 20, failing = 0 }: Scene, seed = 1): History {
  const random = seededRandom(seed);
  const made = createHistory();
  for (let image = 0; image < images; image += 1) {
    const detections = Math.round(things * random.between(0.3, 1.7));
    const told: Answered = {
      ...{
        model: "m",
        release: 1,
        failed: random.chance(failing),
        ms: ms * random.between(0.8, 1.3),
        detections,
      },
      meanScore: detections === 0 ? undefined : Math.min(1, score * random.between(0.85, 1.15)),
    };
    remember(made, told);
  }
  return made;
}

const usual: Scene = { things: 5, score: 0.8 };
const asked = (before: History, since: History, images = 100, ageMs = 60_000) =>
  judgeHealth({ before: baselineOf(before.stretches), since, images, ageMs });

test("a release that answers like the one before is watched, and has held after two hundred images", () => {
  const [before, since] = [history(500, usual), history(100, usual, 2)];
  expect(asked(before, since)).toEqual({ kind: "watching" });
  expect(asked(before, since, 200)).toEqual({ kind: "held" });
});

test("with a few images a quarter of an hour is enough, with none it takes a day", () => {
  const [before, none] = [history(500, usual), createHistory()];
  expect(asked(before, history(30, usual), 30, 900_000)).toEqual({ kind: "held" });
  expect(asked(before, none, 0, 900_000)).toEqual({ kind: "watching" });
  expect(asked(before, none, 24, 3_600_000)).toEqual({ kind: "watching" });
  expect(asked(before, none, 0, 86_400_000)).toEqual({ kind: "held" });
});

test.each<readonly [string, Scene, RegExp]>([
  ["is much less sure", { things: 4, score: 0.45 }, /mean score is 0\.4/],
  ["finds nothing", { things: 0, score: 0 }, /0\.00 things.*never less/],
  ["finds something everywhere", { things: 90, score: 0.8 }, /never more than/],
  ["takes three times as long", { ...usual, ms: 70 }, /ms, and never took more/],
  ["fails now and then", { ...usual, failing: 0.4 }, /images failed/],
])("a release that %s falls", (_, scene, detail) => {
  const verdict = asked(history(500, usual), history(50, scene, 3), 50);
  expect(verdict).toEqual({ kind: "fallen", detail: expect.stringMatching(detail) });
});

test("five failures in a row are enough, also for a first release", () => {
  const since = history(5, { ...usual, failing: 1 });
  expect(asked(createHistory(), since, 5)).toMatchObject({ kind: "fallen" });
  expect(asked(createHistory(), history(4, { ...usual, failing: 1 }), 4)).toEqual({ kind: "watching" });
});

test("where images failed before as well, as many failures are none of the new release's", () => {
  const failing = { ...usual, failing: 0.2 };
  expect(asked(history(1_000, failing), history(100, failing, 9))).toEqual({ kind: "watching" });
});

test("without anything to compare with only failures speak", () => {
  expect(asked(createHistory(), history(100, { things: 0, score: 0 }))).toEqual({ kind: "watching" });
  expect(asked(history(30, usual), history(100, { things: 0, score: 0 }))).toEqual({ kind: "watching" });
});

test("a place that was empty now and then may be empty again", () => {
  const before = createHistory();
  for (const stretch of history(500, usual).stretches) before.stretches.push(stretch);
  for (const stretch of history(100, { things: 0, score: 0 }).stretches) before.stretches.push(stretch);
  expect(asked(before, history(100, { things: 0, score: 0 }, 4))).toEqual({ kind: "watching" });
});

test.each<readonly [string, Scene]>([
  ["a third of the things", { things: 1.7, score: 0.8 }],
  ["three times the things", { things: 15, score: 0.8 }],
  ["worse light", { things: 4, score: 0.7 }],
  ["better light", { things: 6, score: 0.95 }],
  ["a busier machine", { ...usual, ms: 32 }],
])("an ordinary change of scene to %s sets nothing off", (_, scene) => {
  for (let seed = 0; seed < 50; seed += 1) {
    expect(asked(history(200, usual, seed), history(200, scene, 100 + seed), 199)).toEqual({
      kind: "watching",
    });
  }
});

test("two lives of a release are known by the worst of either, and nobody's life by nothing", () => {
  const [calm, busy] = [history(200, { things: 2, score: 0.9, ms: 10 }), history(100, usual, 2)].map(
    ({ stretches }) => baselineOf(stretches),
  );
  if (!calm || !busy) throw new Error("both answered");
  expect(together(calm, busy)).toEqual({
    ...{ images: 300, failed: 0, lowestScore: busy.lowestScore, fewest: calm.fewest },
    ...{ most: busy.most, slowestMs: busy.slowestMs },
  });
  expect([together(null, busy), together(calm, null)]).toEqual([busy, calm]);
  expect([together(null, null), baselineOf([])]).toEqual([null, null]);
});

test("a score that is no number is none, and nothing that cannot be written down comes of it", () => {
  const made = createHistory();
  const told = { model: "m", release: 1, failed: false, ms: 20, detections: 1, meanScore: Number.NaN };
  for (let image = 0; image < 75; image += 1) remember(made, told);
  const known = baselineOf(made.stretches);
  expect(known).toMatchObject({ images: 75, lowestScore: null, most: 1, slowestMs: 20 });
  expect(JSON.parse(JSON.stringify(known))).toEqual(known);
});

test("of no values there is no quantile", () => {
  expect(quantile([], 0.95)).toBeUndefined();
  expect(quantile([3, 1, 2], 0)).toBe(1);
  expect(quantile([3, 1, 2], 1)).toBe(3);
});
