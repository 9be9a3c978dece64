import { expect, test, vi } from "vitest";
import type { UsageEvent } from "#gateway/usage/ledger.ts";
import { openUsage } from "#gateway/usage/usage.ts";
import { createUsageInMemory } from "#gateway/usage/usage-in-memory.ts";
import type { MonthSum, UsageBatch, UsageStore } from "#gateway/usage/usage-store.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const startAt = Date.UTC(2026, 10, 21, 12);

function used(parts: Partial<UsageEvent> = {}): UsageEvent {
  const names = { tenant: "acme", keyId: "k1", model: "digits" };
  return { ...names, images: 1, cached: 0, failed: 0, nanoUsd: 10, ...parts };
}

/** A store that takes each batch once, and fails as a test wants it to. */
function createFailingStore() {
  const written = new Map<string, UsageBatch>();
  const tries: string[] = [];
  const faults: ("refuse" | "lose the answer")[] = [];
  const others: MonthSum[] = [];
  const asked: string[] = [];
  const store: UsageStore = {
    write: async (batch) => {
      const fault = faults.shift();
      tries.push(batch.id);
      if (fault !== "refuse") written.set(batch.id, batch);
      if (fault) throw new Error(fault);
    },
    months: async (month, { which }) => {
      asked.push(`${month} ${which}`);
      const rows = [...written.values()].flatMap(({ rows }) => rows);
      const own = rows.reduce((sum, { images }) => sum + images, 0);
      const nanoUsd = rows.reduce((sum, row) => sum + row.nanoUsd, 0);
      return others.map((sum) => ({ ...sum, images: sum.images + own, nanoUsd: sum.nanoUsd + nanoUsd }));
    },
    report: () => Promise.reject(new Error("nobody asks")),
  };
  const images = () =>
    [...written.values()].flatMap(({ rows }) => rows).reduce((sum, row) => sum + row.images, 0);
  return { store, tries, faults, others, asked, images };
}

test("what is counted is written a second later, many requests in one batch", async () => {
  const clock = createFakeClock({ startAt });
  const { store, tries, images } = createFailingStore();
  await using usage = await openUsage({ store, clock });
  for (let index = 0; index < 100; index += 1) usage.count(used());
  expect(tries).toEqual([]);
  clock.advance(1_000);
  await vi.waitFor(() => expect(images()).toBe(100));
  expect(tries.length).toBe(1);
});

test("nothing is written when nothing was counted", async () => {
  const { store, tries } = createFailingStore();
  await using usage = await openUsage({ store, clock: createFakeClock({ startAt }) });
  expect(await usage.flush()).toBe(true);
  expect(tries).toEqual([]);
});

test("a failed flush is told and tried again with the same batch, so that a lost answer counts once", async () => {
  const clock = createFakeClock({ startAt });
  const told: string[] = [];
  const stop = sideConcernSkipped.subscribe(({ what, error }) => told.push(`${what}: ${error}`));
  const { store, tries, faults, images } = createFailingStore();
  faults.push("refuse", "lose the answer");
  await using usage = await openUsage({ store, clock });
  usage.count(used({ images: 7 }));
  expect(await usage.flush()).toBe(false);
  expect(images()).toBe(0);
  usage.count(used({ images: 2 }));
  expect(await usage.flush()).toBe(false);
  expect(usage.month("acme").images).toBe(9);
  expect(await usage.flush()).toBe(true);
  stop();
  expect(images()).toBe(9);
  expect(new Set(tries.slice(0, 3)).size).toBe(1);
  expect(tries.length).toBe(4);
  expect(told).toEqual(["writing usage: Error: refuse", "writing usage: Error: lose the answer"]);
});

test("a month's sum has what other gateways counted, and a lost answer is not in it twice", async () => {
  const clock = createFakeClock({ startAt });
  const { store, faults, others, asked } = createFailingStore();
  others.push({ tenant: "acme", images: 1_000, nanoUsd: 5_000 });
  await using usage = await openUsage({ store, clock, flushMs: 600_000 });
  expect(usage.month("acme")).toEqual({ images: 1_000, nanoUsd: 5_000 });
  faults.push("lose the answer");
  usage.count(used({ images: 7 }));
  clock.advance(3_000);
  expect(await usage.flush()).toBe(false);
  expect(asked.length).toBe(1);
  expect(usage.month("acme").images).toBe(1_007);
  await usage.flush();
  expect(usage.month("acme")).toEqual({ images: 1_007, nanoUsd: 5_010 });
  others[0] = { tenant: "acme", images: 3_000, nanoUsd: 5_000 };
  await usage.flush();
  expect(usage.month("acme").images).toBe(1_007);
  clock.advance(3_000);
  await usage.flush();
  expect(usage.month("acme").images).toBe(3_007);
  clock.advance(60_000);
  await usage.flush();
  expect(asked).toEqual(["2026-11 all", "2026-11 recent", "2026-11 recent", "2026-11 all"]);
});

test("a month that begins is read whole", async () => {
  const clock = createFakeClock({ startAt: Date.UTC(2026, 10, 30, 23, 59, 58) });
  const { store, asked } = createFailingStore();
  await using usage = await openUsage({ store, clock, flushMs: 600_000 });
  clock.advance(3_000);
  await usage.flush();
  expect(asked).toEqual(["2026-11 all", "2026-12 all"]);
  expect(usage.month("acme")).toEqual({ images: 0, nanoUsd: 0 });
});

test("usage that cannot be read at first does not open, or every budget would begin anew", async () => {
  const { store } = createFailingStore();
  const months = () => Promise.reject(new Error("away"));
  const opening = openUsage({ store: { ...store, months }, clock: createFakeClock() });
  await expect(opening).rejects.toThrow("away");
});

test("closing writes what is left, twice or not", async () => {
  const { store, images } = createFailingStore();
  const usage = await openUsage({ store, clock: createFakeClock({ startAt }) });
  usage.count(used());
  await Promise.all([usage.close(), usage.close()]);
  expect(images()).toBe(1);
  await usage.close();
});

test("flushes that are asked for at once are made once for all who wait", async () => {
  const { store, tries } = createFailingStore();
  const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const write: UsageStore["write"] = async (batch, options) => {
    begun.resolve();
    await gate.promise;
    await store.write(batch, options);
  };
  await using usage = await openUsage({ store: { ...store, write }, clock: createFakeClock({ startAt }) });
  usage.count(used());
  const first = usage.flush();
  await begun.promise;
  usage.count(used());
  const later = [usage.flush(), usage.flush(), usage.flush()];
  gate.resolve();
  expect(await Promise.all([first, ...later])).toEqual([true, true, true, true]);
  expect(tries.length).toBe(2);
});

test("what is counted while a batch is written waits for the next turn, so that a flush has an end", async () => {
  const { store, tries } = createFailingStore();
  const open: { count?: () => void } = {};
  const write: UsageStore["write"] = async (batch, options) => {
    open.count?.();
    await store.write(batch, options);
  };
  await using usage = await openUsage({ store: { ...store, write }, clock: createFakeClock({ startAt }) });
  open.count = () => usage.count(used());
  usage.count(used());
  expect(await usage.flush()).toBe(true);
  expect(tries.length).toBe(1);
  open.count = () => {};
});

test("months that cannot be read later leave what is known, and what was counted is written", async () => {
  const clock = createFakeClock({ startAt });
  const { store, others, images } = createFailingStore();
  others.push({ tenant: "acme", images: 1_000, nanoUsd: 5_000 });
  let isAway = false;
  const months: UsageStore["months"] = (month, options) =>
    isAway ? Promise.reject(new Error("away")) : store.months(month, options);
  await using usage = await openUsage({ store: { ...store, months }, clock, flushMs: 600_000 });
  isAway = true;
  clock.advance(3_000);
  usage.count(used());
  expect(await usage.flush()).toBe(true);
  expect(images()).toBe(1);
  expect(usage.month("acme").images).toBe(1_001);
});

test("keys hear when they were last used, and hear it later when they could not be told", async () => {
  const clock = createFakeClock({ startAt });
  const heard: ReadonlyMap<string, number>[] = [];
  let isAway = true;
  const touch = async (lastUsed: ReadonlyMap<string, number>): Promise<void> => {
    if (isAway) throw new Error("away");
    heard.push(new Map(lastUsed));
  };
  const told: unknown[] = [];
  const stop = sideConcernSkipped.subscribe((event) => told.push(event.detail));
  await using usage = await openUsage({ store: createUsageInMemory(), clock, touch });
  usage.count(used());
  clock.advance(5_000);
  await vi.waitFor(() => expect(told).toEqual(["when keys were last used"]));
  stop();
  isAway = false;
  usage.count(used({ keyId: "k2" }));
  // The turn that failed goes back to sleep first.
  await vi.waitFor(() => {
    clock.advance(5_000);
    expect(heard.length).toBe(1);
  });
  expect(heard[0]?.get("k1")).toBe(startAt);
  expect(heard[0]?.get("k2")).toBe(startAt + 5_000);
});

test("without a database usage is kept in memory, by the month, the model and the day", async () => {
  const clock = createFakeClock({ startAt });
  const store = createUsageInMemory();
  await using usage = await openUsage({ store, clock, flushMs: 1_000_000_000 });
  usage.count(used({ images: 2, nanoUsd: 5 }));
  usage.count(used({ model: "faces", images: 9, cached: 9, nanoUsd: 0 }));
  usage.count(used({ tenant: "other" }));
  await usage.flush();
  clock.advance(86_400_000);
  usage.count(used({ failed: 1, images: 0, nanoUsd: 0 }));
  await usage.flush();
  const signal = AbortSignal.timeout(1_000);
  const report = await store.report({ tenant: "acme", month: "2026-11" }, { signal });
  expect(report.total).toEqual({ requests: 3, images: 11, cached: 9, failed: 1, nanoUsd: 5 });
  expect(report.models.map(({ name, images }) => [name, images])).toEqual([
    ["faces", 9],
    ["digits", 2],
  ]);
  expect(report.days.map(({ date, requests }) => [date, requests])).toEqual([
    ["2026-11-21", 2],
    ["2026-11-22", 1],
  ]);
  expect((await store.report({ tenant: "acme", month: "2026-10" }, { signal })).total.requests).toBe(0);
  expect(await store.months("2026-11", { signal, which: "recent" })).toContainEqual({
    tenant: "other",
    images: 1,
    nanoUsd: 10,
  });
});

test("memory keeps a bounded number of months and models", async () => {
  const store = createUsageInMemory({ most: 10 });
  const signal = AbortSignal.timeout(1_000);
  const row = { keyId: "k", hour: startAt, requests: 1, images: 1, cached: 0, failed: 0, nanoUsd: 0 };
  const tenants = Array.from({ length: 30 }, (_, index) => ({ ...row, tenant: `t${index}`, model: "m" }));
  const models = Array.from({ length: 1_500 }, (_, index) => ({ ...row, tenant: "t", model: `m${index}` }));
  await store.write({ id: "1", rows: [...tenants, ...models] }, { signal });
  expect((await store.months("2026-11", { signal, which: "all" })).length).toBe(10);
  const report = await store.report({ tenant: "t", month: "2026-11" }, { signal });
  expect(report.models.length).toBe(1_001);
  expect(report.total.images).toBe(1_500);
});
