import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { noBatching } from "#inference/engine/batching.ts";
import { openPool } from "#inference/engine/pool.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { writeColourModel } from "#test/support/colour-model.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { fakePool, openFakeSession, openUntil, wish } from "#test/support/fake-pool.ts";

const { signal } = new AbortController();
const cpu = { executionProviders: ["cpu"], exactQuantized: false } as const;
const queueOf = (maxQueueSize: number) => ({
  ...noBatching,
  defaultQueuePolicy: { ...noBatching.defaultQueuePolicy, maxQueueSize },
});
test("a real model runs on several threads at once and moves the caller's memory", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pool-"));
  const path = await writeColourModel(join(folder, "model.onnx"));
  const options = { path, outputs: ["output0"], workersFor: () => 2, clock: systemClock, ...cpu };
  await using pool = await openPool(options);
  const inputs = Array.from({ length: 6 }, (_, index) => ({
    datatype: "FP32" as const,
    shape: [1, 3, 64, 64],
    data: new Float32Array(12_288).fill(index / 10),
  }));
  const answers = await Promise.all(inputs.map((images) => pool.run({ images }, { signal })));
  answers.forEach(({ outputs }, index) => {
    expect(outputs.output0?.shape).toEqual([1, 7, 4]);
    expect(outputs.output0?.data[16]).toBeCloseTo(index / 10, 4);
  });
  expect(inputs[0]?.data).toHaveLength(0);
  await expect(
    pool.run({ images: { datatype: "FP32", shape: [1, 3, 2, 2], data: new Float32Array(12) } }, { signal }),
  ).rejects.toMatchObject({ code: "internal" });
  await rm(folder, { recursive: true });
});

test("a file that onnxruntime cannot load is unusable, in its own words", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pool-"));
  const path = join(folder, "model.onnx");
  await writeFile(path, "no model");
  const opening = openPool({ path, outputs: [], workersFor: () => 2, clock: systemClock, ...cpu });
  await expect(opening).rejects.toMatchObject({
    code: "model_unusable",
    message: expect.stringContaining("onnxruntime cannot load"),
  });
  await rm(folder, { recursive: true });
});

test("a full queue refuses with how many wait, and the waiting ones are answered in order", async () => {
  await using fake = await fakePool({ batching: queueOf(2) });
  const order: number[] = [];
  const runs = [1, 1, 1].map((value, index) =>
    fake.pool.run(wish(value), { signal }).then(() => order.push(index)),
  );
  await expect(fake.pool.run(wish(0), { signal })).rejects.toMatchObject({
    code: "backend_full",
    message: "2 runs of this model are waiting already",
  });
  await openUntil(fake.open, runs);
  expect(order).toEqual([0, 1, 2]);
});

test("a run that still waits is cancelled by its signal and never reaches a thread", async () => {
  await using fake = await fakePool();
  const first = fake.pool.run(wish(1), { signal });
  const caller = new AbortController();
  const second = fake.pool.run(wish(3), { signal: caller.signal });
  caller.abort();
  await expect(second).rejects.toMatchObject({ code: "caller_left" });
  expect(fake.pool.waiting).toBe(0);
  await openUntil(fake.open, [first]);
});

test("a thread that dies fails its one run and is replaced for the next", async () => {
  await using fake = await fakePool();
  await expect(fake.pool.run(wish(3), { signal })).rejects.toMatchObject({ code: "internal" });
  await expect(fake.pool.run(wish(0), { signal })).resolves.toMatchObject({ inferenceMs: 1 });
  expect(fake.pool.ready).toBe(true);
});

test("threads that only die are given up, and the pool says that it is not ready", async () => {
  const told: string[] = [];
  await using fake = await fakePool({ onBroken: ({ code }) => told.push(code) });
  for (let death = 0; death < 3; death += 1) {
    await expect(fake.pool.run(wish(3), { signal })).rejects.toMatchObject({ code: "internal" });
  }
  await expect
    .poll(() => fake.pool.run(wish(0), { signal }).catch((error) => error.code))
    .toBe("model_not_ready");
  expect(fake.pool.ready).toBe(false);
  expect(told).toEqual(["model_unusable"]);
});

test("after several deaths in a row the dead are replaced later, while the living go on", async () => {
  const clock = createFakeClock();
  await using fake = await fakePool({ workersFor: () => 2, clock });
  for (let death = 0; death < 3; death += 1) {
    await expect(fake.pool.run(wish(3), { signal })).rejects.toMatchObject({ code: "internal" });
  }
  await expect(fake.pool.run(wish(0), { signal })).resolves.toBeDefined();
  const held = [fake.pool.run(wish(1), { signal }), fake.pool.run(wish(1), { signal })];
  expect(fake.pool.waiting).toBe(1);
  await expect
    .poll(() => {
      clock.advance(1_000);
      return fake.pool.waiting;
    })
    .toBe(0);
  await openUntil(fake.open, held);
});

test("threads that die a long time apart are each replaced at once", async () => {
  const clock = createFakeClock();
  await using fake = await fakePool({ clock });
  for (let death = 0; death < 4; death += 1) {
    await expect(fake.pool.run(wish(3), { signal })).rejects.toMatchObject({ code: "internal" });
    await expect(fake.pool.run(wish(0), { signal })).resolves.toBeDefined();
    clock.advance(60_001);
  }
});

test("closing does not wait for a replacement that is put off", async () => {
  await using fake = await fakePool({ workersFor: () => 2, clock: createFakeClock() });
  for (let death = 0; death < 3; death += 1) {
    await expect(fake.pool.run(wish(3), { signal })).rejects.toMatchObject({ code: "internal" });
  }
  await fake.pool.close();
  expect(fake.pool.ready).toBe(false);
});

test("a model that fails on an input stays for the next one", async () => {
  await using fake = await fakePool();
  await expect(fake.pool.run(wish(2), { signal })).rejects.toThrow("the model failed on this input");
  await expect(fake.pool.run(wish(0), { signal })).resolves.toBeDefined();
});

test("closing refuses new runs, finishes those in hand, and may be asked twice", async () => {
  await using fake = await fakePool();
  const runs = [fake.pool.run(wish(1), { signal }), fake.pool.run(wish(1), { signal })];
  const closing = fake.pool.close();
  await expect(fake.pool.run(wish(0), { signal })).rejects.toMatchObject({ code: "draining" });
  await openUntil(fake.open, runs);
  await closing;
  await fake.pool.close();
});

test("a run that hangs in a thread makes the pool unready and tells its owner", async () => {
  const clock = createFakeClock();
  const told: string[] = [];
  await using fake = await fakePool({
    clock,
    runTimeoutMs: 5_000,
    onBroken: ({ message }) => told.push(message),
  });
  const hanging = fake.pool.run(wish(1), { signal });
  const waiting = fake.pool.run(wish(0), { signal });
  clock.advance(5_001);
  await expect(hanging).rejects.toThrow("a run took longer than 5 s");
  await expect(waiting).rejects.toMatchObject({ code: "model_not_ready" });
  expect(fake.pool.ready).toBe(false);
  expect(told).toEqual([expect.stringContaining("can no longer be served: a run took longer than 5 s")]);
  // Only so that the thread ends before the test does: a real one would hold the process until it is killed.
  fake.open();
});

test("recycling gives every thread a successor while runs go on", async () => {
  let opened = 0;
  const openSession: typeof openFakeSession = (options) => {
    opened += 1;
    return openFakeSession(options);
  };
  await using fake = await fakePool({ workersFor: () => 2, openSession });
  const held = fake.pool.run(wish(1), { signal });
  const recycled = fake.pool.recycle();
  await expect(fake.pool.run(wish(0), { signal })).resolves.toBeDefined();
  expect(await recycled).toBe(2);
  expect(opened).toBe(4);
  await openUntil(fake.open, [held]);
  await expect(fake.pool.run(wish(0), { signal })).resolves.toBeDefined();
  expect(fake.pool.ready).toBe(true);
});
