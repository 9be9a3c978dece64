import { expect, test } from "vitest";
import { type Batching, noBatching } from "#inference/engine/batching.ts";
import { batchSizes, type Candidate, leaveBy, planBatch } from "#inference/engine/plan-batch.ts";
import { seededRandom } from "#test/support/random.ts";
import { plainPlan } from "./plain-queue.ts";

const batching = (knobs: Partial<Batching>): Batching => ({ ...noBatching, ...knobs });
const line = (...items: number[]): Candidate[] =>
  items.map((count) => ({ items: count, batchKey: "same", leaveBy: 10 }));
const plan = (runs: readonly Candidate[], knobs: Partial<Batching>, now = 0) =>
  planBatch(runs, batchSizes(batching(knobs)), now);
const leave = (runs: number) => ({ kind: "leave", runs });

test("an empty line has no plan", () => {
  expect(plan([], { maxBatchSize: 4 })).toBeUndefined();
});

test("without batching each run leaves alone and at once, whatever the delay", () => {
  for (const maxBatchSize of [0, 1]) {
    expect(plan(line(1, 1, 1), { maxBatchSize, maxQueueDelayMs: 10 })).toEqual(leave(1));
  }
});

test("without a delay what is there leaves, up to the largest batch", () => {
  expect(plan(line(1, 1), { maxBatchSize: 4 })).toEqual(leave(2));
  expect(plan(line(2, 1, 1, 1), { maxBatchSize: 4 })).toEqual(leave(3));
  expect(plan(line(3, 2), { maxBatchSize: 4 })).toEqual(leave(1));
});

test("the largest preferred size leaves at once, and the rest waits for its own", () => {
  const knobs = { maxBatchSize: 8, preferredBatchSizes: [4, 2], maxQueueDelayMs: 10 };
  expect(plan(line(1, 1, 1, 1, 1, 1), knobs)).toEqual(leave(4));
  expect(plan(line(1, 1, 1), knobs)).toEqual(leave(2));
  expect(plan(line(1), knobs)).toEqual({ kind: "wait", until: 10, items: 2, batchKey: "same" });
});

test("a preferred size is preferred without a delay too, else all that is there leaves", () => {
  expect(plan(line(1, 1, 1, 1, 1), { maxBatchSize: 8, preferredBatchSizes: [4] })).toEqual(leave(4));
  expect(plan(line(1, 1, 1), { maxBatchSize: 8, preferredBatchSizes: [4] })).toEqual(leave(3));
});

test("sizes that jump over the largest preferred one leave as the nearest below it", () => {
  const knobs = { maxBatchSize: 8, preferredBatchSizes: [4], maxQueueDelayMs: 10 };
  expect(plan(line(3, 2), knobs)).toEqual(leave(1));
  expect(plan(line(6, 1), knobs)).toEqual(leave(1));
});

test("when the oldest has waited for the delay, all that fits leaves, preferred or not", () => {
  const knobs = { maxBatchSize: 8, preferredBatchSizes: [4], maxQueueDelayMs: 10 };
  expect(plan(line(1, 1, 1, 1, 1, 1), knobs, 10)).toEqual(leave(6));
  expect(plan(line(1), knobs, 9.9)).toMatchObject({ kind: "wait" });
  expect(plan(line(1), knobs, 10)).toEqual(leave(1));
});

test("a run of another key ends the batch, which then has nothing to wait for", () => {
  const [first, second] = line(1, 1);
  if (!first || !second) throw new Error("no line");
  const knobs = { maxBatchSize: 8, maxQueueDelayMs: 10 };
  expect(plan([first, { ...second, batchKey: "other" }, first], knobs)).toEqual(leave(1));
  expect(
    plan(
      [
        { ...first, batchKey: undefined },
        { ...second, batchKey: undefined },
      ],
      knobs,
    ),
  ).toEqual(leave(1));
  expect(plan([first, { ...second, batchKey: undefined }], knobs)).toEqual(leave(1));
});

test("a run larger than any batch leaves alone, since nothing else would ever take it", () => {
  expect(plan(line(9, 1), { maxBatchSize: 4, maxQueueDelayMs: 10 })).toEqual(leave(1));
});

test("preferred sizes that no batch can have are left out", () => {
  expect(batchSizes(batching({ maxBatchSize: 4, preferredBatchSizes: [9, 3, 0, 3, 2] }))).toMatchObject({
    preferred: [2, 3],
    largest: 3,
    usual: 3,
  });
  expect(batchSizes(batching({ maxBatchSize: 4, preferredBatchSizes: [9] })).preferred).toEqual([4]);
});

test("where runs wait for company, many that wait leave as the largest batch", () => {
  const knobs = { maxBatchSize: 4, preferredBatchSizes: [2] };
  expect(batchSizes(batching(knobs)).usual).toBe(2);
  expect(batchSizes(batching({ ...knobs, maxQueueDelayMs: 1 })).usual).toBe(4);
});

test("the line is read only as far as one batch reaches", () => {
  let read = 0;
  function* endless(): Generator<Candidate> {
    for (;;) {
      read += 1;
      yield { items: 1, batchKey: "same", leaveBy: 10 };
    }
  }
  planBatch(endless(), batchSizes(batching({ maxBatchSize: 8, maxQueueDelayMs: 10 })), 0);
  expect(read).toBeLessThanOrEqual(9);
});

test("company is waited for no longer than half of the time a run has", () => {
  const knobs = batching({ maxQueueDelayMs: 10 });
  const never = Number.POSITIVE_INFINITY;
  expect(leaveBy(knobs, 100, { timeoutMs: never, deadlineMs: never, delays: false })).toBe(110);
  expect(leaveBy(knobs, 100, { timeoutMs: 8, deadlineMs: never, delays: false })).toBe(104);
  expect(leaveBy(knobs, 100, { timeoutMs: 8, deadlineMs: 6, delays: false })).toBe(103);
});

test("on any line the plan is that of the plain reference", () => {
  const kinds = new Set<string | undefined>();
  for (let seed = 0; seed < 3_000; seed += 1) {
    const random = seededRandom(seed);
    const max = random.integer(0, 9);
    const knobs = batching({
      maxBatchSize: max,
      preferredBatchSizes: Array.from({ length: random.integer(0, 3) }, () => random.integer(1, 10)),
      maxQueueDelayMs: random.chance(0.7) ? 10 : 0,
    });
    const keys = ["a", "a", "a", "a", "a", "a", "b", undefined];
    const runs = Array.from({ length: random.integer(0, 12) }, () => ({
      items: random.chance(0.7) ? 1 : random.integer(1, max + 2),
      batchKey: random.chance(0.6) ? "a" : keys[random.integer(0, keys.length - 1)],
      leaveBy: random.integer(0, 20),
    }));
    const now = random.integer(0, 12);
    const planned = planBatch(runs, batchSizes(knobs), now);
    expect(planned, `seed ${seed}`).toEqual(plainPlan(runs, knobs, now));
    kinds.add(planned?.kind);
  }
  expect(kinds).toEqual(new Set(["leave", "wait", undefined]));
});
