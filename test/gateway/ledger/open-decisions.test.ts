import { afterEach, expect, test } from "vitest";
import { createLedgerInMemory } from "#gateway/ledger/ledger-in-memory.ts";
import type { LedgerBatch, LedgerStore } from "#gateway/ledger/ledger-store.ts";
import { type Decisions, type DecisionsOptions, openDecisions } from "#gateway/ledger/open-decisions.ts";
import type { PursuitFacts } from "#gateway/ledger/record-pursuit.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { createMetrics } from "#infra/runtime/metrics.ts";
import { factsOf, laneOf, poolOf, pursue } from "#test/support/courses.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const signal = new AbortController().signal;
const opened: Decisions[] = [];
afterEach(async () => {
  for (const decisions of opened.splice(0)) await decisions.close();
});

function watchedStore() {
  const inner = createLedgerInMemory();
  const batches: LedgerBatch[] = [];
  const state = { fails: 0 };
  const store: LedgerStore = {
    ...inner,
    write: async (batch, options) => {
      batches.push(batch);
      if (state.fails > 0) {
        state.fails -= 1;
        throw new Error("away");
      }
      await inner.write(batch, options);
    },
  };
  return { store, batches, state };
}

function open(options: Partial<DecisionsOptions> = {}) {
  const watched = watchedStore();
  const clock = createFakeClock();
  const decisions = openDecisions({ store: watched.store, clock, ...options });
  opened.push(decisions);
  const ask = (more: Partial<PursuitFacts> = {}, ms = 10) => {
    const { course, seen } = pursue(poolOf([laneOf("b", { usd: 1e-6 })]), () => ({ ms }), {
      at: clock.now(),
    });
    return decisions.record(course, factsOf({ seen, ...more }));
  };
  return { ...watched, clock, decisions, ask };
}

test("a decision is found at once where it was taken, before anything is written", async () => {
  const { decisions, ask, batches } = open();
  ask({ requestId: "R7" });
  const [found] = await decisions.find({ requestId: "R7" }, { signal });
  expect(found).toMatchObject({ requestId: "R7", candidates: [{ backend: "b", verdict: "chosen" }] });
  expect(batches).toEqual([]);
});

test("a tenant's reader finds that tenant's decisions alone, though another's request has the same id", async () => {
  const { decisions, ask } = open();
  ask({ requestId: "same", tenant: "acme" });
  ask({ requestId: "same", tenant: "other" });
  const of = async (tenant?: string) =>
    (await decisions.find({ requestId: "same", tenant }, { signal })).map((one) => one.tenant);
  expect(await of("acme")).toEqual(["acme"]);
  expect(await of("nobody")).toEqual([]);
  expect((await of()).sort()).toEqual(["acme", "other"]);
});

test("a decision that is remembered and written is told once, the images of a request in order", async () => {
  const { decisions, ask } = open();
  for (const image of [0, 1, 2]) ask({ image });
  await decisions.flush();
  const found = await decisions.find({ requestId: "R1" }, { signal });
  expect(found.map(({ image }) => image)).toEqual([0, 1, 2]);
});

test("what waits is written each second, and again as the same batch until the store took it", async () => {
  const { decisions, ask, batches, state, clock } = open();
  const skipped: string[] = [];
  const stop = sideConcernSkipped.subscribe(({ what }) => skipped.push(what));
  state.fails = 2;
  ask();
  expect(await decisions.flush()).toBe(false);
  ask();
  expect(await decisions.flush()).toBe(false);
  clock.advance(1_000);
  await expect.poll(() => batches.length).toBe(4);
  stop();
  expect(skipped).toEqual(["writing the ledger", "writing the ledger"]);
  expect(new Set(batches.slice(0, 3).map(({ id }) => id)).size).toBe(1);
  expect(batches[3]?.id).not.toBe(batches[0]?.id);
  const [line] = await decisions.lines(
    { from: clock.now() - 1e7, to: clock.now(), by: "model", most: 9 },
    { signal },
  );
  expect(line).toMatchObject({ name: "digits-s", requests: 2 });
});

test("what is too much to be kept one by one is dropped and counted, but never what went wrong first", async () => {
  const metrics = createMetrics({ processMetrics: false });
  const { decisions, ask, batches } = open({ metrics, mostPerFlush: 2 });
  for (let n = 0; n < 30; n += 1) ask({ requestId: `usual-${n}` });
  for (let n = 0; n < 30; n += 1) ask({ requestId: `late-${n}` }, 900);
  const dropped = await metrics.getSingleMetricAsString("tradewind_decisions_dropped_total");
  expect(dropped).toMatch(/tradewind_decisions_dropped_total 40$/);
  await decisions.close();
  const kept = batches.flatMap((batch) => batch.decisions.map(({ requestId }) => requestId));
  expect(kept.filter((id) => id.startsWith("usual"))).toHaveLength(16);
  expect(kept.filter((id) => id.startsWith("late"))).toHaveLength(4);
  expect(batches.every((batch) => batch.decisions.length <= 2)).toBe(true);
  const requests = batches.flatMap(({ rows }) => rows.map((row) => row.requests));
  expect(requests.reduce((sum, count) => sum + count, 0)).toBe(60);
});

test("only the latest decisions are remembered", async () => {
  const { decisions, ask } = open({ most: 3 });
  for (let n = 0; n < 10; n += 1) ask({ requestId: `r${n}` });
  const found = await Promise.all(
    Array.from({ length: 10 }, (_, n) => decisions.find({ requestId: `r${n}` }, { signal })),
  );
  expect(found.map(({ length }) => length)).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 1, 1]);
});

test("where the store is away what is remembered is enough, and what is not remembered is an error", async () => {
  const { store } = watchedStore();
  const away = { ...store, find: () => Promise.reject(new Error("away")) };
  const { decisions, ask } = open({ store: away });
  ask({ requestId: "here" });
  expect(await decisions.find({ requestId: "here" }, { signal })).toHaveLength(1);
  await expect(decisions.find({ requestId: "gone" }, { signal })).rejects.toThrow("away");
});

test("closing decisions twice writes what is left, once", async () => {
  const { decisions, ask, batches } = open();
  ask();
  await Promise.all([decisions.close(), decisions.close()]);
  await decisions.close();
  expect(batches).toHaveLength(1);
});

test("closing ends although the store refuses what is left", async () => {
  const { decisions, ask, state, batches } = open();
  state.fails = 1_000;
  ask();
  await decisions.close();
  expect(batches).toHaveLength(1);
});

test("what is spent beside requests is in the line's own sums and not in those of its requests", async () => {
  const { decisions, ask, clock } = open();
  ask();
  const beside = { at: clock.now(), tenant: "acme", model: "digits-s", backend: "b", usd: 4e-6 };
  for (const kind of ["agreement", "shadow", "wake", "probe"] as const) decisions.spend({ ...beside, kind });
  const scope = { from: clock.now() - 1, to: clock.now() + 1, by: "tenant" as const, most: 9 };
  const [line] = await decisions.lines(scope, { signal });
  expect(line).toMatchObject({ name: "acme", requests: 1, usd: 1e-6 });
  expect(line?.besideUsd).toEqual({ agreement: 4e-6, shadow: 4e-6, wake: 4e-6, probe: 4e-6 });
});
