import { afterAll, beforeAll, expect, test } from "vitest";
import { HourRows } from "#gateway/ledger/hour-rows.ts";
import { createLedgerInMemory } from "#gateway/ledger/ledger-in-memory.ts";
import {
  type Dimension,
  dimensions,
  type LedgerBatch,
  type LedgerStore,
} from "#gateway/ledger/ledger-store.ts";
import { openDecisions } from "#gateway/ledger/open-decisions.ts";
import {
  decisionOf,
  type PursuitFacts,
  type Recorded,
  recordPursuit,
} from "#gateway/ledger/record-pursuit.ts";
import { ledgerInPostgres } from "#gateway/records/ledger.ts";
import { readFromDatabase } from "#infra/command/explain/read-from-database.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { factsOf, laneOf, poolOf, pursue } from "#test/support/courses.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { type MigratedPostgres, startMigratedPostgres } from "#test/support/migrated-postgres.ts";
import { seededRandom } from "#test/support/random.ts";

let records: MigratedPostgres;
let database: Database;
let store: LedgerStore;
beforeAll(async () => {
  records = await startMigratedPostgres();
  ({ database } = records);
  store = ledgerInPostgres(database);
});
afterAll(() => records?.[Symbol.asyncDispose]());

const signal = new AbortController().signal;
const hourMs = 3_600_000;
const noon = Date.UTC(2026, 5, 1, 12);
const day = { from: noon - 12 * hourMs, to: noon + 12 * hourMs, most: 1_000 };

function recorded(more: Partial<PursuitFacts> = {}, at = noon, backend = "b", ms = 10): Recorded {
  const pool = poolOf([laneOf(backend, { usd: 1e-6 }), laneOf("other", { usd: 4e-6 })]);
  const { course, seen } = pursue(pool, () => ({ ms }), { at });
  return recordPursuit(course, factsOf({ seen, ...more }));
}

function batchOf(id: string, all: readonly Recorded[]): LedgerBatch {
  const rows = new HourRows();
  for (const one of all) rows.add(one);
  return { id, rows: rows.take(10_000), decisions: all };
}

const sums = async (tenant: string, by: Dimension = "tenant") =>
  await store.lines({ ...day, by, tenant }, { signal });

test("a batch of the ledger adds to what is there, and added again changes nothing", async () => {
  const batch = batchOf("twice-1", [
    recorded({ tenant: "twice" }),
    recorded({ tenant: "twice" }, noon, "b", 21),
  ]);
  await store.write(batch, { signal });
  await store.write(batch, { signal });
  await store.write(batchOf("twice-2", [recorded({ tenant: "twice" })]), { signal });
  const [line] = await sums("twice");
  expect(line).toMatchObject({ name: "twice", requests: 3, bytes: 3_000, realMs: 41, predictedMs: 60 });
  expect(line?.usd).toBeCloseTo(3e-6, 15);
  expect(line?.sketch?.count()).toBe(3);
  expect(line?.sketch?.quantile(1)).toBeGreaterThan(20);
  expect(await store.find({ requestId: "R1", tenant: "twice" }, { signal })).toHaveLength(3);
});

test("the same batch of the ledger tried eight times at once counts once", async () => {
  const batch = batchOf("raced", [recorded({ tenant: "raced" })]);
  await Promise.all(Array.from({ length: 8 }, () => store.write(batch, { signal })));
  expect(await sums("raced")).toMatchObject([{ requests: 1 }]);
  expect(await store.find({ requestId: "R1", tenant: "raced" }, { signal })).toHaveLength(1);
});

test("a batch is written whole or not at all", async () => {
  const good = batchOf("half", [recorded({ tenant: "half" })]);
  const bad = { ...good, rows: good.rows.map((row) => ({ ...row, kind: "gift" as "request" })) };
  await expect(store.write(bad, { signal })).rejects.toThrow();
  expect(await store.find({ requestId: "R1", tenant: "half" }, { signal })).toEqual([]);
  await store.write(good, { signal });
  expect(await sums("half")).toMatchObject([{ requests: 1 }]);
});

test("a batch of which only the answer was lost is written again and counts once", async () => {
  const ids: string[] = [];
  const forgetful: LedgerStore = {
    ...store,
    write: async (batch, options) => {
      await store.write(batch, options);
      if (ids.push(batch.id) === 1) throw new Error("the answer was lost");
    },
  };
  await using gateway = openDecisions({ store: forgetful, clock: createFakeClock() });
  const { course, seen } = pursue(poolOf([laneOf("b")]), () => ({ ms: 10 }), { at: noon });
  gateway.record(course, factsOf({ seen, tenant: "lost" }));
  expect(await gateway.flush()).toBe(false);
  gateway.record(course, factsOf({ seen, tenant: "lost" }));
  expect(await gateway.flush()).toBe(true);
  expect(ids[1]).toBe(ids[0]);
  const [line] = await sums("lost");
  expect(line).toMatchObject({ requests: 2 });
  expect(line?.sketch?.count()).toBe(2);
  expect(await store.find({ requestId: "R1", tenant: "lost" }, { signal })).toHaveLength(2);
});

test("four gateways that write the same hours at once lose nothing, neither of sums nor of times", async () => {
  const gateways = Array.from({ length: 4 }, () => openDecisions({ store, clock: systemClock, flushMs: 5 }));
  for (let turn = 0; turn < 40; turn += 1) {
    for (const gateway of gateways) {
      for (let n = 0; n < 5; n += 1) {
        const pool = poolOf([laneOf(`b${n}`, { usd: 1e-6 })]);
        const { course, seen } = pursue(pool, () => ({ ms: 10 }), { at: noon });
        gateway.record(course, factsOf({ seen, tenant: "many", model: `m${turn % 2}` }));
      }
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(gateways.map((gateway) => gateway.close()));
  const lines = await sums("many", "backend");
  expect(lines.map(({ name, requests }) => [name, requests])).toEqual(
    [0, 1, 2, 3, 4].map((n) => [`b${n}`, 160]),
  );
  expect(lines.map(({ sketch }) => sketch?.count())).toEqual([160, 160, 160, 160, 160]);
  const kept = await database.query("SELECT count(*)::int AS kept FROM decisions WHERE tenant = 'many'");
  expect(kept).toEqual([{ kept: 800 }]);
});

test("what PostgreSQL sums up is what memory sums up, by every dimension and page by page", async () => {
  const random = seededRandom(21);
  const inMemory = createLedgerInMemory();
  for (let round = 0; round < 6; round += 1) {
    const all = Array.from({ length: 40 }, () => {
      const names = { tenant: `same-${random.integer(0, 3)}`, model: `m${random.integer(0, 3)}` };
      const at = noon - random.integer(0, 5) * hourMs + random.integer(0, 1_000);
      return recorded(names, at, `b${random.integer(0, 3)}`, random.between(1, 400));
    });
    const rows = new HourRows();
    for (const one of all) rows.add(one);
    const beside = { at: noon, tenant: "same-0", model: "m0", backend: "b0" };
    rows.addBeside({ ...beside, kind: "shadow", usd: random.between(0, 1) });
    const batch = { id: `same-${round}`, rows: rows.take(10_000), decisions: all };
    await Promise.all([store.write(batch, { signal }), inMemory.write(batch, { signal })]);
  }
  for (const by of dimensions) {
    for (const tenant of ["same-0", "same-1"]) {
      const ask = { ...day, by, tenant, most: 3 };
      for (let after: string | undefined; ; ) {
        const more = { ...ask, after };
        const [stored, expected] = [
          await store.lines(more, { signal }),
          await inMemory.lines(more, { signal }),
        ];
        expect(stored.map(comparable)).toEqual(expected.map(comparable));
        after = expected.at(-1)?.name;
        if (expected.length < 3) break;
      }
    }
  }
});

test("sums of hours are the sums of the decisions that are kept", async () => {
  const all = Array.from({ length: 50 }, (_, n) => recorded({ tenant: "summed" }, noon, "b", n * 7));
  await store.write(batchOf("summed", all), { signal });
  const [line] = await sums("summed");
  const [kept] = await database.query(
    `SELECT count(*)::int AS requests, sum((detail -> 'outcome' ->> 'usd')::float8) AS usd,
      count(*) FILTER (WHERE (detail -> 'outcome' ->> 'missed')::boolean)::int AS missed
    FROM decisions WHERE tenant = 'summed'`,
  );
  expect(kept).toEqual({
    requests: line?.requests,
    missed: line?.missed,
    usd: expect.closeTo(line?.usd ?? 0, 12),
  });
});

test("the bill of a backend stands beside its estimate once somebody wrote it there", async () => {
  await store.write(batchOf("billed", [recorded({ tenant: "billed" })]), { signal });
  expect(await sums("billed")).toMatchObject([{ billedUsd: undefined }]);
  await database.query("UPDATE ledger_hours SET billed_usd = 0.5 WHERE tenant = 'billed' AND backend = 'b'");
  expect(await sums("billed")).toMatchObject([{ billedUsd: 0.5 }]);
});

test("a decision comes back from PostgreSQL as it was taken, and to no other tenant", async () => {
  const one = recorded({ tenant: "mine", requestId: "same-id", version: "v1" });
  const other = recorded({ tenant: "theirs", requestId: "same-id" });
  await store.write(batchOf("found", [one, other]), { signal });
  expect(await store.find({ requestId: "same-id", tenant: "mine" }, { signal })).toEqual([decisionOf(one)]);
  expect(await store.find({ requestId: "same-id" }, { signal })).toHaveLength(2);
  expect(await store.find({ requestId: "same-id", tenant: "nobody" }, { signal })).toEqual([]);
});

test("who explains a request reads it from the gateways' database, and is told where that is missing", async () => {
  const one = recorded({ tenant: "told", requestId: "told" });
  await store.write(batchOf("told", [one]), { signal });
  expect(await readFromDatabase(records.postgres.url, "told")).toEqual([decisionOf(one)]);
  expect(await readFromDatabase(records.postgres.url, "untold")).toEqual([]);
  await expect(readFromDatabase(undefined, "told")).rejects.toMatchObject({ code: "config_invalid" });
});

test("an export comes in pages without a gap or a double, the oldest first, of the tenant alone", async () => {
  const random = seededRandom(4);
  const times = Array.from({ length: 30 }, () => noon + random.integer(0, 5));
  await store.write(
    batchOf(
      "exported",
      times.map((at) => recorded({ tenant: "exported" }, at)),
    ),
    { signal },
  );
  const seen: number[] = [];
  for (let after: string | undefined; ; ) {
    const page = await store.exportPage({ ...day, tenant: "exported", after, most: 7 }, { signal });
    seen.push(...page.lines.map(({ at }) => at));
    expect(page.lines[0]).toMatchObject({
      bytes: 1_000,
      model: "digits-s",
      ms: 10,
      backend: "b",
      missed: false,
    });
    if (page.next === undefined) break;
    after = page.next;
  }
  expect(seen).toEqual(times.sort());
});

test("names that PostgreSQL would refuse hold up nothing of the ledger", async () => {
  const odd = [
    "nul\u0000inside",
    "\ud800",
    "'); DROP TABLE decisions; --",
    '{"a","b"}',
    "x".repeat(5_000),
    "x".repeat(6_000),
  ];
  const all = odd.map((model) => recorded({ tenant: "odd", model, version: model, requestId: model }));
  const batch = batchOf("odd", all);
  await store.write(batch, { signal });
  const lines = await sums("odd", "model");
  expect(lines.map(({ name }) => name)).toContain("nulinside");
  expect(lines.reduce((sum, { requests }) => sum + requests, 0)).toBe(6);
  expect(lines.find(({ name }) => name === "x".repeat(256))).toMatchObject({ requests: 2 });
  expect(batch.rows.map(({ sketch }) => sketch?.count())).toEqual([1, 1, 1, 1, 1, 1]);
});

function comparable({
  sketch,
  usd,
  realMs,
  predictedMs,
  besideUsd,
  ...line
}: Awaited<ReturnType<typeof sums>>[number]) {
  const { cheapestOtherUsd, dearestOtherUsd, ...whole } = line;
  const floats = [usd, realMs, predictedMs, cheapestOtherUsd, dearestOtherUsd, ...Object.values(besideUsd)];
  return {
    ...whole,
    floats: floats.map((float) => float.toPrecision(9)),
    count: sketch?.count(),
    p99: sketch?.quantile(0.99),
  };
}
