import { expect, test } from "vitest";
import type { Answered } from "#edge/answer/running-model.ts";
import { type ProbationEnd, watchHealth } from "#edge/health/watch-health.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

function watching() {
  const clock = createFakeClock();
  const listeners = new Set<(told: Answered) => void>();
  const ends: ProbationEnd[] = [];
  const onAnswer = (listen: (told: Answered) => void): Disposable => {
    listeners.add(listen);
    return { [Symbol.dispose]: () => void listeners.delete(listen) };
  };
  const watch = watchHealth({ running: { onAnswer }, clock, onVerdict: (end) => void ends.push(end) });
  const answer = (release: number, images: number, score: number): void => {
    const told = { model: "m", release, failed: false, ms: 20, detections: 4, meanScore: score };
    for (let image = 0; image < images; image += 1) for (const listen of listeners) listen(told);
  };
  const begin = (release: number, previous: number, images = 0): void => {
    const before = watch.knownOf("m", previous);
    watch.begin("m", { release, before, sinceMs: clock.now(), images, seen: [] });
  };
  return { clock, watch, ends, answer, begin, listeners };
}

test("a release whose confidence collapses is back within two hundred images, and is told of once", () => {
  const { watch, ends, answer, begin } = watching();
  using _ = watch;
  answer(1, 300, 0.8);
  begin(2, 1);
  for (let image = 1; image <= 200 && ends.length === 0; image += 1) answer(2, 1, 0.4);
  expect(ends).toEqual([{ model: "m", release: 2, verdict: { kind: "fallen", detail: expect.any(String) } }]);
  expect(watch.progressOf("m", 2)).toBeUndefined();
  answer(2, 200, 0.4);
  expect(ends).toHaveLength(1);
});

test("one that collapses late in its probation falls as well", () => {
  const { watch, ends, answer, begin } = watching();
  using _ = watch;
  answer(1, 300, 0.8);
  begin(2, 1);
  answer(2, 125, 0.8);
  answer(2, 75, 0.3);
  expect(ends.map(({ verdict }) => verdict.kind)).toEqual(["fallen"]);
});

test("a good one holds after two hundred images, and is what the next one is held against", () => {
  const { watch, ends, answer, begin } = watching();
  using _ = watch;
  answer(1, 300, 0.5);
  begin(2, 1);
  answer(2, 200, 0.9);
  expect(ends).toEqual([{ model: "m", release: 2, verdict: { kind: "held" } }]);
  begin(3, 2);
  answer(3, 100, 0.5);
  expect(ends.map(({ release, verdict }) => `${release} ${verdict.kind}`)).toEqual(["2 held", "3 fallen"]);
});

test("what the release before still has in hand counts for itself", () => {
  const { watch, answer, begin } = watching();
  using _ = watch;
  begin(2, 1);
  answer(1, 10, 0.1);
  answer(2, 3, 0.8);
  expect(watch.progressOf("m", 2)?.images).toBe(3);
  expect(watch.progressOf("m", 1)).toBeUndefined();
});

test("images that an earlier process saw count on", () => {
  const { watch, ends, answer, begin } = watching();
  using _ = watch;
  begin(2, 1, 190);
  answer(2, 10, 0.8);
  expect(ends.map(({ verdict }) => verdict.kind)).toEqual(["held"]);
});

test("a watch that takes up another one's probation judges as that one would have", () => {
  const first = watching();
  first.answer(1, 300, 0.8);
  first.begin(2, 1);
  first.answer(2, 30, 0.4);
  const progress = first.watch.progressOf("m", 2);
  const before = first.watch.knownOf("m", 1);
  first.watch[Symbol.dispose]();
  const second = watching();
  using _ = second.watch;
  second.watch.begin("m", {
    ...{ images: 0, seen: [] },
    ...progress,
    release: 2,
    before,
    sinceMs: second.clock.now(),
  });
  second.answer(2, 24, 0.4);
  expect(second.ends).toEqual([]);
  second.answer(2, 1, 0.4);
  expect(second.ends).toMatchObject([
    { verdict: { kind: "fallen", detail: expect.stringMatching(/never was below 0\.80/) } },
  ]);
});

test("what an earlier life knew of a release is known of it beside what it does now, and is told but once", () => {
  const { watch, answer } = watching();
  using _ = watch;
  const earlier = { images: 500, failed: 5, lowestScore: 0.6, fewest: 2, most: 9, slowestMs: 30 };
  watch.recall("m", 1, earlier);
  expect(watch.knownOf("m", 1)).toEqual(earlier);
  answer(1, 50, 0.8);
  watch.recall("m", 1, { ...earlier, images: 9_000 });
  expect(watch.knownOf("m", 1)).toEqual({ ...earlier, images: 550 });
  expect(watch.knownOf("m", 2)).toBeNull();
});

test("said again of the same probation nothing begins anew, and a second life is judged by itself", () => {
  const { clock, watch, ends, answer, begin } = watching();
  using _ = watch;
  answer(1, 300, 0.8);
  begin(2, 1);
  answer(2, 190, 0.8);
  begin(2, 1);
  expect(watch.progressOf("m", 2)?.images).toBe(190);
  answer(2, 10, 0.8);
  clock.advance(1_000);
  answer(2, 100, 0.2);
  begin(2, 1);
  expect(ends.map(({ verdict }) => verdict.kind)).toEqual(["held"]);
  answer(2, 50, 0.2);
  expect(ends.map(({ verdict }) => verdict.kind)).toEqual(["held", "fallen"]);
});

test("in a quiet place a probation lasts a day, and ends without an image", async () => {
  const { clock, watch, ends, begin } = watching();
  using _ = watch;
  begin(2, 1);
  for (let hour = 0; hour < 23; hour += 1) {
    clock.advance(3_600_000);
    await new Promise(setImmediate);
  }
  expect(ends).toEqual([]);
  clock.advance(3_700_000);
  await expect.poll(() => ends.map(({ verdict }) => verdict.kind)).toEqual(["held"]);
});

test("a probation that is over for other reasons is told of no more, nor is anything after the end", () => {
  const { watch, ends, answer, begin, listeners } = watching();
  begin(2, 1);
  watch.end("m");
  answer(2, 300, 0.8);
  expect(ends).toEqual([]);
  watch[Symbol.dispose]();
  watch[Symbol.dispose]();
  expect(listeners.size).toBe(0);
});

test("many releases leave only the last few in memory, and the one that ran before among them", () => {
  const { watch, ends, answer, begin } = watching();
  using _ = watch;
  for (let release = 1; release <= 20; release += 1) answer(release, 50, 0.8);
  begin(21, 20);
  answer(21, 60, 0.2);
  expect(ends.map(({ verdict }) => verdict.kind)).toEqual(["fallen"]);
});

test("a clock that is set right by years between two starts does not end a probation", () => {
  const { clock, watch, ends, answer } = watching();
  using _ = watch;
  watch.begin("m", { release: 2, before: null, sinceMs: 5_000, images: 10, seen: [] });
  expect(ends).toEqual([]);
  clock.advance(14 * 60_000);
  answer(2, 4, 0.8);
  expect(ends).toEqual([]);
});

test("a device that is off at night ends its quiet probation all the same", async () => {
  const { clock, watch, ends } = watching();
  using _ = watch;
  watch.begin("m", {
    ...{ release: 2, before: null, sinceMs: clock.now() - 25 * 3_600_000 },
    images: 0,
    seen: [],
  });
  expect(ends).toEqual([]);
  clock.advance(15 * 60_000);
  await expect.poll(() => ends.map(({ verdict }) => verdict.kind)).toEqual(["held"]);
});
