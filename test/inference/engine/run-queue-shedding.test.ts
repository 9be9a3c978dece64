import { expect, test } from "vitest";
import { answer, openQueue, settled } from "./fixed-time-queue.ts";

test("while nothing is known of what runs cost, nothing is refused for its deadline", async () => {
  const { queue, add, outcomes } = openQueue();
  queue.started(1);
  for (let name = 0; name < 50; name += 1) add(name, { deadlineMs: 1 });
  await settled();
  expect(outcomes.size).toBe(0);
  expect(queue.estimateWaitMs()).toBeUndefined();
});

test("a run that would start or end too late is refused with the prediction, one that has time is not", async () => {
  const { queue, add, outcomes } = openQueue();
  for (let run = 0; run < 10; run += 1) queue.learn(1, 10);
  queue.started(1);
  add(1);
  add(2);
  expect(queue.estimateWaitMs()).toBeCloseTo(30, 3);
  add(3, { timeoutMs: 29 });
  add(4, { deadlineMs: 39 });
  add(5, { timeoutMs: 31, deadlineMs: 41 });
  await settled();
  expect(outcomes).toEqual(
    new Map([
      [3, "queue_timeout: the run would wait about 30 ms, longer than its timeout of 29 ms"],
      [4, "queue_timeout: the answer would be there in about 40 ms, later than the run's deadline of 39 ms"],
    ]),
  );
});

test("without batching a run counts as one however many items it has", () => {
  const { queue, add } = openQueue();
  for (let run = 0; run < 10; run += 1) queue.learn(4, 10);
  queue.started(4);
  add(1, { items: 4 });
  expect(queue.estimateWaitMs()).toBeCloseTo(20, 3);
});

test("what waits at lower levels doesn't count against a run of a higher one", () => {
  const { queue, add } = openQueue({ priorityLevels: 2, defaultPriorityLevel: 2 });
  for (let run = 0; run < 10; run += 1) queue.learn(1, 10);
  queue.started(1);
  for (const name of [1, 2, 3]) add(name);
  expect(queue.estimateWaitMs(1)).toBeCloseTo(10, 3);
  expect(queue.estimateWaitMs(2)).toBeCloseTo(40, 3);
});

test("a timeout that only delays refuses nothing", async () => {
  const { queue, add, outcomes } = openQueue({ policy: { timeoutAction: "delay", defaultTimeoutMs: 1 } });
  for (let run = 0; run < 10; run += 1) queue.learn(1, 10);
  queue.started(1);
  for (const name of [1, 2, 3]) add(name);
  await settled();
  expect(outcomes.size).toBe(0);
});

test("a worker without work takes a run whatever was learned, so that a wrong estimate is corrected", async () => {
  const { clock, queue, add, outcomes } = openQueue();
  for (let run = 0; run < 10; run += 1) queue.learn(1, 10_000);
  for (let probe = 0; probe < 12; probe += 1) {
    add(probe, { deadlineMs: 100 });
    const ended = queue.started(1);
    clock.advance(10);
    queue.take()[0]?.resolve(answer(1));
    ended("done");
  }
  queue.started(1);
  add(12, { deadlineMs: 100 });
  await settled();
  expect([...outcomes.values()]).toEqual(Array.from({ length: 12 }, () => "answer 1"));
  expect(queue.length).toBe(1);
});

test("runs that failed teach nothing, and an end told twice counts once", () => {
  const { clock, queue } = openQueue();
  for (let run = 0; run < 10; run += 1) queue.started(1)("failed");
  expect(queue.estimateWaitMs()).toBeUndefined();
  const ended = queue.started(1);
  clock.advance(3);
  for (let time = 0; time < 10; time += 1) ended("done");
  expect(queue.estimateWaitMs()).toBeUndefined();
});

test("without workers there is no prediction", () => {
  const { queue } = openQueue({}, 0);
  for (let run = 0; run < 10; run += 1) queue.learn(1, 10);
  expect(queue.estimateWaitMs()).toBeUndefined();
});
