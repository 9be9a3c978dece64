import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { noBatching } from "#inference/engine/batching.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { answer, nameOf, names, openQueue, settled } from "./fixed-time-queue.ts";

test("runs are taken one by one, as they came, and told how long they waited", async () => {
  const { clock, queue, add, outcomes } = openQueue();
  add(1);
  clock.advance(5);
  add(2);
  expect([queue.length, queue.items, queue.nextDue()]).toEqual([2, 2, 5]);
  const [first] = queue.take();
  expect(first && nameOf(first)).toBe(1);
  expect(first?.queueMs).toBe(5);
  first?.resolve(answer(1));
  expect(names(queue.take())).toEqual([2]);
  expect(queue.take()).toEqual([]);
  expect([queue.length, queue.nextDue()]).toEqual([0, undefined]);
  await settled();
  expect(outcomes).toEqual(new Map([[1, "answer 1"]]));
});

test("a batch leaves when it is full or its oldest waited for the delay, and the queue says when that is", () => {
  const { clock, queue, add } = openQueue({ maxBatchSize: 3, maxQueueDelayMs: 10 });
  add(1);
  clock.advance(4);
  add(2);
  expect([queue.take(), queue.nextDue()]).toEqual([[], 10]);
  add(3);
  expect(names(queue.take())).toEqual([1, 2, 3]);
  add(4);
  expect(queue.nextDue()).toBe(14);
  clock.advance(10);
  expect(names(queue.take())).toEqual([4]);
});

test("a run with little time makes the batch that it joins leave sooner", () => {
  const { clock, queue, add } = openQueue({ maxBatchSize: 8, maxQueueDelayMs: 100 });
  add(1);
  expect(queue.nextDue()).toBe(100);
  add(2, { timeoutMs: 30 });
  expect(queue.nextDue()).toBe(15);
  clock.advance(15);
  expect(names(queue.take())).toEqual([1, 2]);
});

test("batches are filled over priority levels, the first level first", () => {
  const { queue, add } = openQueue({ maxBatchSize: 3, priorityLevels: 3, defaultPriorityLevel: 2 });
  add(1, { priority: 3 });
  add(2, { priority: 0 });
  add(3, { priority: 1 });
  add(4, { priority: 2 });
  add(5, { priority: 1 });
  expect(names(queue.take())).toEqual([3, 5, 2]);
  expect(names(queue.take())).toEqual([4, 1]);
});

test("a priority that the model doesn't have is served as the default", () => {
  const { queue, add } = openQueue({ priorityLevels: 2, defaultPriorityLevel: 1 });
  add(1, { priority: 2 });
  [-1, 3, 1.5, Number.NaN].forEach((priority, index) => {
    add(10 + index, { priority });
  });
  expect(Array.from({ length: 5 }, () => names(queue.take())[0])).toEqual([10, 11, 12, 13, 1]);
});

test("each level has its own policy and its own room", async () => {
  const { clock, queue, add, outcomes } = openQueue({
    priorityLevels: 2,
    defaultPriorityLevel: 2,
    policy: { maxQueueSize: 2 },
    priorityQueuePolicies: { 1: { ...noBatching.defaultQueuePolicy, maxQueueSize: 1, defaultTimeoutMs: 5 } },
  });
  for (const name of [1, 2, 3]) add(name);
  for (const name of [4, 5]) add(name, { priority: 1 });
  await settled();
  expect(outcomes).toEqual(
    new Map([
      [3, "backend_full: 2 runs of this model are waiting already"],
      [5, "backend_full: 3 runs of this model are waiting already"],
    ]),
  );
  clock.advance(5);
  await settled();
  expect(outcomes.get(4)).toBe("queue_timeout: the run waited longer than its timeout of 5 ms");
  expect(queue.length).toBe(2);
});

test("room of size nothing is without bound", () => {
  const { queue, add } = openQueue({ policy: { maxQueueSize: 0 } });
  for (let name = 0; name < 1_000; name += 1) add(name);
  expect(queue.length).toBe(1_000);
});

test("a waiting run leaves with its caller and a running one lets only its caller go, with no listener left", async () => {
  const { queue, add, outcomes } = openQueue();
  const callers = [1, 2, 3, 4].map(() => new AbortController());
  callers.forEach(({ signal }, index) => {
    add(index + 1, { signal });
  });
  const [first] = queue.take();
  callers[0]?.abort();
  callers[1]?.abort(new TradewindError("deadline_exceeded", "too late"));
  expect(queue.length).toBe(2);
  first?.resolve(answer(1));
  queue.take()[0]?.resolve(answer(1));
  queue.take()[0]?.reject(new TradewindError("internal", "broken"));
  await settled();
  expect([...outcomes].sort()).toEqual([
    [1, "caller_left: the caller left before the answer was ready"],
    [2, "deadline_exceeded: too late"],
    [3, "answer 1"],
    [4, "internal: broken"],
  ]);
  expect(callers.flatMap(({ signal }) => getEventListeners(signal, "abort"))).toEqual([]);
});

test("a caller who left before asking is refused and never waits", async () => {
  const { queue, add, outcomes } = openQueue();
  const signal = AbortSignal.abort();
  add(1, { signal });
  await settled();
  expect(outcomes.get(1)).toBe("caller_left: the caller left before the answer was ready");
  expect([queue.length, getEventListeners(signal, "abort").length]).toEqual([0, 0]);
});

test("all that wait can be refused, and the queue goes on", async () => {
  const { queue, add, outcomes, signal } = openQueue();
  add(1, { timeoutMs: 5 });
  add(2);
  queue.rejectAll(new TradewindError("model_not_ready", "gone"));
  add(3);
  await settled();
  expect([...outcomes.values()]).toEqual(["model_not_ready: gone", "model_not_ready: gone"]);
  expect(names(queue.take())).toEqual([3]);
  queue.rejectAll(new TradewindError("model_not_ready", "gone"));
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
});

test("a run that goes before others may complete a preferred size with some of them", () => {
  const { queue, add } = openQueue({
    ...{ maxBatchSize: 8, preferredBatchSizes: [3, 6], maxQueueDelayMs: 10 },
    ...{ priorityLevels: 2, defaultPriorityLevel: 2 },
  });
  add(1, { items: 2 });
  add(2, { items: 2 });
  expect(queue.take()).toEqual([]);
  add(3, { priority: 1 });
  expect(names(queue.take())).toEqual([3, 1]);
});
