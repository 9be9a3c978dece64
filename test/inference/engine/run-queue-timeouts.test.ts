import { expect, test } from "vitest";
import { noBatching } from "#inference/engine/batching.ts";
import { createRunQueue } from "#inference/engine/run-queue.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { answer, names, openQueue, settled } from "./fixed-time-queue.ts";

test("a run whose timeout is over is refused by itself, and no timer stays behind", async () => {
  const { clock, queue, add, outcomes } = openQueue({ policy: { defaultTimeoutMs: 20 } });
  add(1);
  clock.advance(10);
  add(2);
  await settled();
  clock.advance(10);
  await settled();
  expect(outcomes).toEqual(new Map([[1, "queue_timeout: the run waited longer than its timeout of 20 ms"]]));
  expect(names(queue.take())).toEqual([2]);
});

test("a run whose time is over is neither taken nor counted although its timer has not rung yet", async () => {
  const { clock, queue, add, outcomes } = openQueue({ policy: { defaultTimeoutMs: 20, maxQueueSize: 1 } });
  add(1);
  await settled();
  clock.advance(20);
  expect([queue.nextDue(), queue.take()]).toEqual([undefined, []]);
  add(2);
  await settled();
  clock.advance(20);
  add(3);
  await settled();
  expect([...outcomes.keys()]).toEqual([1, 2]);
  expect(names(queue.take())).toEqual([3]);
});

test("the timer ends when the last run that has one left", async () => {
  const fake = createFakeClock();
  let sleeping = 0;
  const queue = createRunQueue({
    clock: {
      ...fake,
      sleep: async (ms, options) => {
        sleeping += 1;
        await fake.sleep(ms, options).finally(() => {
          sleeping -= 1;
        });
      },
    },
    batching: noBatching,
    workers: () => 1,
  });
  const caller = new AbortController();
  const run = queue.add({}, { signal: caller.signal, items: 1, batchKey: "same", timeoutMs: 50 });
  await settled();
  expect(sleeping).toBe(1);
  caller.abort();
  await expect(run).rejects.toMatchObject({ code: "caller_left" });
  await settled();
  expect(sleeping).toBe(0);
  const taken = queue.add(
    {},
    { signal: new AbortController().signal, items: 1, batchKey: "same", timeoutMs: 50 },
  );
  queue.take()[0]?.resolve(answer(1));
  await taken;
  expect(sleeping).toBe(0);
});

test("a caller may shorten the timeout but not lengthen it, and not even that where the policy forbids it", async () => {
  const shorter = openQueue({ policy: { defaultTimeoutMs: 20 } });
  shorter.add(1, { timeoutMs: 5 });
  shorter.add(2, { timeoutMs: 500 });
  const fixed = openQueue({ policy: { defaultTimeoutMs: 20, allowTimeoutOverride: false } });
  fixed.add(1, { timeoutMs: 5 });
  for (const { clock } of [shorter, fixed]) clock.advance(5);
  await settled();
  expect([...shorter.outcomes.keys(), ...fixed.outcomes.keys()]).toEqual([1]);
  for (const { clock } of [shorter, fixed]) clock.advance(15);
  await settled();
  expect([shorter.outcomes.get(2), fixed.outcomes.get(1)]).toEqual(
    Array.from({ length: 2 }, () => "queue_timeout: the run waited longer than its timeout of 20 ms"),
  );
});

test("timeouts that say nothing are none", async () => {
  const { clock, queue, add } = openQueue();
  [0, -5, Number.NaN].forEach((timeoutMs, name) => {
    add(name, { timeoutMs });
  });
  add(3, { deadlineMs: Number.NaN });
  clock.advance(1_000_000);
  await settled();
  expect(queue.length).toBe(4);
});

test("where the policy delays, a run out of time is served after all that still have some, of any level", async () => {
  const { clock, queue, add, outcomes } = openQueue({
    priorityLevels: 2,
    defaultPriorityLevel: 1,
    policy: { timeoutAction: "delay" },
  });
  add(1, { timeoutMs: 10 });
  add(2, { timeoutMs: 5 });
  add(3);
  add(4, { priority: 2 });
  add(5, { priority: 2, timeoutMs: 1 });
  clock.advance(10);
  await settled();
  expect(Array.from({ length: 5 }, () => names(queue.take())[0])).toEqual([3, 4, 2, 1, 5]);
  expect(outcomes.size).toBe(0);
});

test("a deadline ends the waiting also where timeouts only delay", async () => {
  const { clock, add, outcomes } = openQueue({ policy: { timeoutAction: "delay", defaultTimeoutMs: 5 } });
  add(1, { deadlineMs: 8 });
  clock.advance(6);
  await settled();
  expect(outcomes.size).toBe(0);
  clock.advance(2);
  await settled();
  expect(outcomes.get(1)).toBe("queue_timeout: the run still waited when its deadline of 8 ms had passed");
});

test("a deadline that has passed already is refused at once", async () => {
  const { add, outcomes } = openQueue();
  add(1, { deadlineMs: 0 });
  await settled();
  expect(outcomes.get(1)).toBe("queue_timeout: the run still waited when its deadline of 0 ms had passed");
});

test("of ten thousand waiting runs each is answered, or leaves with its caller, or ends with its time", async () => {
  const { clock, queue, add, outcomes } = openQueue({ maxBatchSize: 8, policy: { maxQueueSize: 0 } });
  const callers = Array.from({ length: 10_000 }, () => new AbortController());
  callers.forEach(({ signal }, name) => {
    add(name, { signal, timeoutMs: 1_000 + (name % 97) });
  });
  for (const caller of callers.toReversed().slice(0, 5_000)) caller.abort();
  expect(queue.length).toBe(5_000);
  for (let batch = 0; batch < 300; batch += 1) {
    for (const job of queue.take()) job.resolve(answer(8));
  }
  clock.advance(2_000);
  await settled();
  expect(queue.length).toBe(0);
  const count = (start: string) => [...outcomes.values()].filter((what) => what.startsWith(start)).length;
  expect([count("answer"), count("caller_left"), count("queue_timeout")]).toEqual([2_400, 5_000, 2_600]);
});
