import { expect, test } from "vitest";
import { type Newcomer, overtime, predict, refusal, type Situation } from "#inference/engine/shed.ts";
import { seededRandom } from "#test/support/random.ts";

const never = Number.POSITIVE_INFINITY;
const none = { timeoutMs: never, deadlineMs: never, delays: false };
const empty = { aloneRuns: 0, aloneItems: 0, sharedItems: 0 };
const situation: Situation = {
  cost: { perRun: 8, perItem: 1 },
  ahead: empty,
  batchSize: 8,
  usualItems: 1,
  freeIn: [0],
};
const one: Newcomer = { items: 1, alone: false };

test("with a free worker and nobody ahead a run starts now and costs what it costs", () => {
  expect(predict(situation, one)).toEqual({ startMs: 0, endMs: 9 });
  expect(predict({ ...situation, freeIn: [5, 3] }, one)).toEqual({ startMs: 3, endMs: 12 });
});

test("a run joins those ahead of it, and those that come behind join it", () => {
  const joining = predict({ ...situation, ahead: { ...empty, sharedItems: 3 }, freeIn: [4] }, one);
  expect(joining).toEqual({ startMs: 4, endMs: 16 });
  expect(predict({ ...situation, usualItems: 6 }, one)).toEqual({ startMs: 0, endMs: 14 });
  expect(predict({ ...situation, usualItems: 60 }, one)).toEqual({ startMs: 0, endMs: 16 });
  expect(predict({ ...situation, usualItems: 6 }, { items: 1, alone: true })).toEqual({
    startMs: 0,
    endMs: 9,
  });
});

test("full batches ahead are run before, and one that doesn't fit the last of them waits for it", () => {
  const behind = (sharedItems: number, items: number) =>
    predict({ ...situation, ahead: { ...empty, sharedItems } }, { items, alone: false });
  expect(behind(8, 1).startMs).toBeCloseTo(16, 6);
  expect(behind(19, 1).startMs).toBeCloseTo(32, 6);
  expect(behind(6, 4).startMs).toBeCloseTo(14, 6);
  expect(behind(6, 4).endMs).toBeCloseTo(14 + 12, 6);
  expect(behind(0, 12)).toEqual({ startMs: 0, endMs: 20 });
});

test("runs of their own are counted one by one", () => {
  const ahead = { aloneRuns: 3, aloneItems: 6, sharedItems: 0 };
  expect(predict({ ...situation, ahead }, { items: 2, alone: true }).startMs).toBeCloseTo(30, 6);
});

test("where runs cost nothing all start when the first worker is free", () => {
  const free = {
    ...situation,
    cost: { perRun: 0, perItem: 0 },
    ahead: { ...empty, aloneRuns: 9 },
    freeIn: [7, 2],
  };
  expect(predict(free, one)).toEqual({ startMs: 2, endMs: 2 });
});

test("on any number of workers the start is what giving each run to the next free worker leads to", () => {
  for (let seed = 0; seed < 500; seed += 1) {
    const random = seededRandom(seed);
    const freeIn = Array.from({ length: random.integer(1, 6) }, () => random.between(0, 40));
    const aloneRuns = random.integer(0, 60);
    const perRun = random.between(0.5, 20);
    const asked: Situation = {
      ...{ ...situation, freeIn },
      cost: { perRun, perItem: 0 },
      ahead: { ...empty, aloneRuns, aloneItems: aloneRuns },
    };
    const { startMs } = predict(asked, { items: 1, alone: true });
    expect(startMs, `seed ${seed}`).toBeCloseTo(plainStart(aloneRuns, perRun, freeIn), 6);
  }
});

test("only what is later than a limit is refused, in words that say the prediction", () => {
  const forecast = { startMs: 30.4, endMs: 40 };
  expect(refusal(forecast, none)).toBeUndefined();
  expect(refusal(forecast, { ...none, timeoutMs: 30.4, deadlineMs: 40 })).toBeUndefined();
  expect(refusal(forecast, { ...none, timeoutMs: 2.5 })).toMatchObject({
    code: "queue_timeout",
    message: "the run would wait about 30 ms, longer than its timeout of 2.5 ms",
  });
  expect(refusal(forecast, { ...none, timeoutMs: 2.5, delays: true })).toBeUndefined();
  expect(refusal(forecast, { ...none, deadlineMs: 39 })).toMatchObject({
    code: "queue_timeout",
    message: "the answer would be there in about 40 ms, later than the run's deadline of 39 ms",
  });
});

test("a prediction that is no number refuses nothing", () => {
  const unknown = { startMs: Number.NaN, endMs: Number.NaN };
  expect(refusal(unknown, { ...none, timeoutMs: 1, deadlineMs: 1 })).toBeUndefined();
});

test("a run that waited too long is told which of its limits that was", () => {
  expect(overtime({ ...none, timeoutMs: 0.25, deadlineMs: 9 }).message).toBe(
    "the run waited longer than its timeout of 0.25 ms",
  );
  for (const limits of [
    { ...none, timeoutMs: 10, deadlineMs: 9 },
    { timeoutMs: 5, deadlineMs: 9, delays: true },
  ]) {
    expect(overtime(limits).message).toBe("the run still waited when its deadline of 9 ms had passed");
  }
});

/** The plain way: one run after the other to whoever is free first. */
function plainStart(runs: number, eachMs: number, freeIn: readonly number[]): number {
  const free = [...freeIn].sort((a, b) => a - b);
  for (let run = 0; run < runs; run += 1) {
    free.push((free.shift() ?? 0) + eachMs);
    free.sort((a, b) => a - b);
  }
  return free[0] ?? 0;
}
