import { expect, test } from "vitest";
import { noBatching } from "#inference/engine/batching.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { fakePool, openUntil, tinySessions, wish } from "#test/support/fake-pool.ts";

const { signal } = new AbortController();

const batches = { ...noBatching, maxBatchSize: 4, preferredBatchSizes: [4], maxQueueDelayMs: 50 };

test("runs that wait together are computed together, and each gets its own answer and memory back", async () => {
  const clock = createFakeClock();
  await using fake = await fakePool({ clock, batching: batches });
  const runs = [0, 0, 0, 0].map((value) => fake.pool.run(wish(value), { signal }));
  const answers = await Promise.all(runs);
  expect(answers.map(({ batch }) => batch)).toEqual([4, 4, 4, 4]);
  expect(answers.map(({ spent }) => spent.x?.data)).toEqual(
    [0, 0, 0, 0].map((value) => Float32Array.of(value)),
  );
});

test("a batch that waits for company leaves when its delay is over", async () => {
  const clock = createFakeClock();
  await using fake = await fakePool({ clock, batching: batches });
  const run = fake.pool.run(wish(0), { signal });
  expect(fake.pool.waiting).toBe(1);
  clock.advance(51);
  await expect(run).resolves.toMatchObject({ batch: 1, queueMs: 51 });
});

test("closing does not wait for company that never comes", async () => {
  const clock = createFakeClock();
  await using fake = await fakePool({ clock, batching: batches });
  const run = fake.pool.run(wish(0), { signal });
  const closing = fake.pool.close();
  await expect
    .poll(() => {
      clock.advance(10);
      return fake.pool.waiting;
    })
    .toBe(0);
  await run;
  await closing;
});

test("in a batch one run that fails leaves the others their answers", async () => {
  await using fake = await fakePool({ batching: batches });
  const runs = [0, 2, 0, 0].map((value) => fake.pool.run(wish(value), { signal }));
  const settled = await Promise.allSettled(runs);
  expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
});

test("runs of a model that computes next to nothing travel together, each with its own answer", async () => {
  const messages: number[] = [];
  const openSession = tinySessions(messages);
  await using fake = await fakePool({ workersFor: () => 2, openSession });
  await fake.pool.run(wish(0), { signal });
  const answers = await Promise.all([0, 0, 0, 0].map((value) => fake.pool.run(wish(value), { signal })));
  expect(messages).toEqual([1, 4]);
  expect(answers.map(({ batch }) => batch)).toEqual([1, 1, 1, 1]);
});

test("a run that takes longer than usual does not hold up those that came after it", async () => {
  const clock = createFakeClock();
  const openSession = tinySessions([]);
  await using fake = await fakePool({ workersFor: () => 2, clock, openSession });
  await fake.pool.run(wish(0), { signal });
  const long = fake.pool.run(wish(1), { signal });
  await expect.poll(() => fake.pool.waiting).toBe(0);
  const next = fake.pool.run(wish(0), { signal });
  const answered = next.then(() => "answered");
  await expect
    .poll(() => {
      clock.advance(1);
      return Promise.race([answered, Promise.resolve("waits")]);
    })
    .toBe("answered");
  await openUntil(fake.open, [long]);
});
