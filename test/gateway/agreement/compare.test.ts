import { expect, test, vi } from "vitest";
import { answersCompared, type ComparedEvent, driftTurned } from "#gateway/agreement/agreement-channels.ts";
import { type Comparison, createComparer } from "#gateway/agreement/compare.ts";
import { type Compared, DriftWatch, type Turned } from "#gateway/agreement/drift-watch.ts";
import type { Detection } from "#inference/contract.ts";
import { type SkippedEvent, sideConcernSkipped } from "#infra/runtime/channels.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const box = { x1: 0, y1: 0, x2: 10, y2: 10 };
const one: Detection = { name: "one", class: 1, score: 0.9, box };
const two: Detection = { name: "two", class: 2, score: 0.9, box };

/** Everything that is told while a comparer works, and what was settled. */
function setUp({ mostAtOnce = 2, deadlineMs = 5_000, watch = new DriftWatch({ leastSamples: 1 }) } = {}) {
  const clock = createFakeClock();
  const [events, turns, skipped] = [[] as ComparedEvent[], [] as Turned[], [] as SkippedEvent[]];
  const stack = new AsyncDisposableStack();
  stack.defer(answersCompared.subscribe((event) => events.push(event)));
  stack.defer(driftTurned.subscribe((turned) => turns.push(turned)));
  stack.defer(sideConcernSkipped.subscribe((event) => skipped.push(event)));
  const settled: (number | undefined)[] = [];
  const comparer = stack.use(createComparer({ watch, clock, mostAtOnce, deadlineMs }));
  const comparison = (ask: Comparison["ask"], more: Partial<Comparison> = {}): Comparison => ({
    model: { name: "digits-s", task: "detect" },
    backend: "a",
    first: { detections: [one] },
    options: { conf: 0.25 },
    sample: {
      backend: "b",
      usd: 0.5,
      settle: (usd) => {
        settled.push(usd);
        return { what: "agreement", usd: usd ?? 0.5 };
      },
    },
    ask,
    minimum: 0.9,
    ...more,
  });
  const idle = () => vi.waitFor(() => expect(comparer.underWay()).toBe(0), { interval: 1 });
  const dispose = () => stack.disposeAsync();
  return {
    clock,
    events,
    turns,
    skipped,
    settled,
    comparer,
    comparison,
    idle,
    [Symbol.asyncDispose]: dispose,
  };
}

const pair = { what: "agreement", model: "digits-s", backend: "a", peer: "b" };

test("a second answer is compared beside the path, learned from, and told with what it took and cost", async () => {
  const learned: Compared[] = [];
  const watch = new DriftWatch();
  watch.learn = (compared) => {
    learned.push(compared);
    return [];
  };
  await using all = setUp({ watch });
  const answer = Promise.withResolvers<{ readonly detections: readonly Detection[] }>();
  const costOf = (ms: number) => ms / 1_000;
  expect(all.comparer.compare(all.comparison(() => answer.promise, { costOf, candidate: "b" }))).toBe(true);
  expect(all.events).toEqual([]);
  all.clock.advance(40);
  answer.resolve({ detections: [{ ...one, score: 0.8 }] });
  await all.idle();
  const scoreDifference = expect.closeTo(0.1, 9);
  expect(all.events).toEqual([
    { ...pair, agreement: 1, scoreDifference, code: undefined, ms: 40, usd: 0.04 },
  ]);
  expect(learned).toEqual([
    {
      model: "digits-s",
      backend: "a",
      peer: "b",
      agreement: 1,
      scoreDifference,
      minimum: 0.9,
      candidate: "b",
    },
  ]);
  expect([all.settled, all.skipped]).toEqual([[0.04], []]);
});

test("a backend that turns is told once", async () => {
  await using all = setUp();
  for (let count = 0; count < 30; count += 1) {
    all.comparer.compare(all.comparison(async () => ({ detections: [two] }), { candidate: "b" }));
    await all.idle();
  }
  expect(all.turns).toEqual([
    { model: "digits-s", backend: "b", state: "drifts", blamed: true, against: ["a"] },
  ]);
});

test("a second backend that fails is told by its code, costs what was thought, and teaches nothing", async () => {
  await using all = setUp();
  const error = new TradewindError("backend_full", "no room");
  all.comparer.compare(all.comparison(() => Promise.reject(error)));
  await all.idle();
  all.comparer.compare(
    all.comparison(() => {
      throw new Error("at once");
    }),
  );
  await all.idle();
  const none = { ...pair, agreement: undefined, scoreDifference: undefined, ms: 0, usd: 0.5 };
  expect(all.events).toEqual([
    { ...none, code: "backend_full" },
    { ...none, code: "internal" },
  ]);
  expect(all.skipped).toMatchObject([
    { what: "comparing answers", detail: "digits-s at b", error },
    { what: "comparing answers", error: { code: "internal" } },
  ]);
  expect(all.settled).toEqual([undefined, undefined]);
});

test("a second backend that hangs is given up after the deadline, whether it heeds the signal or not", async () => {
  await using all = setUp({ deadlineMs: 10 });
  const signals: AbortSignal[] = [];
  const hang = (signal: AbortSignal) => {
    signals.push(signal);
    return new Promise<never>(() => {});
  };
  all.comparer.compare(all.comparison(hang));
  await all.idle();
  expect(signals[0]?.aborted).toBe(true);
  expect(all.events).toMatchObject([{ code: "deadline_exceeded", agreement: undefined }]);
});

test("no more than so many are asked at once, and what was taken for the others comes back", async () => {
  await using all = setUp({ mostAtOnce: 2 });
  const answer = Promise.withResolvers<{ readonly detections: readonly Detection[] }>();
  const asked = Array.from({ length: 4 }, () => all.comparer.compare(all.comparison(() => answer.promise)));
  expect(asked).toEqual([true, true, false, false]);
  expect(all.settled).toEqual([0, 0]);
  answer.resolve({ detections: [one] });
  await all.idle();
  expect(all.events).toHaveLength(2);
  expect(all.comparer.compare(all.comparison(async () => ({ detections: [one] })))).toBe(true);
});

test("closing gives up what is under way without a word of failure, twice as well, and takes nothing new", async () => {
  await using all = setUp();
  const heeded = Promise.withResolvers<unknown>();
  const hang = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => {
        heeded.resolve(signal.reason);
        reject(signal.reason);
      });
    });
  all.comparer.compare(all.comparison(hang));
  await Promise.all([all.comparer.close(), all.comparer.close()]);
  expect(await heeded.promise).toMatchObject({ code: "draining" });
  expect(all.comparer.underWay()).toBe(0);
  expect(all.skipped).toEqual([]);
  expect(all.events).toMatchObject([{ code: "draining", usd: 0.5 }]);
  expect(all.comparer.compare(all.comparison(hang))).toBe(false);
});

test("an answer that cannot be compared is told as skipped", async () => {
  await using all = setUp();
  const broken = { detections: [{ ...one, box: null }] };
  all.comparer.compare(all.comparison(async () => JSON.parse(JSON.stringify(broken))));
  await all.idle();
  expect(all.skipped).toMatchObject([{ what: "comparing answers" }]);
  expect(all.settled).toEqual([undefined]);
});
