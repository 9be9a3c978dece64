import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { migrations } from "#gateway/records/open-records.ts";
import { sweepRecords } from "#gateway/records/retention.ts";
import { usageInPostgres } from "#gateway/records/usage.ts";
import { boundsOf, monthOf } from "#gateway/usage/month.ts";
import { openUsage } from "#gateway/usage/usage.ts";
import { hourMs, type UsageRow } from "#gateway/usage/usage-store.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { type Database, openDatabase } from "#infra/runtime/postgres/database.ts";
import { migrate } from "#infra/runtime/postgres/migrate.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { startPostgres, type ThrowAwayPostgres } from "#test/support/postgres.ts";

let postgres: ThrowAwayPostgres;
let database: Database;
beforeAll(async () => {
  postgres = await startPostgres();
  database = await openDatabase({ url: postgres.url });
  await migrate(database, migrations);
});
afterAll(async () => {
  await database.close();
  await postgres[Symbol.asyncDispose]();
});

const now = systemClock.now();
const month = monthOf(now);
const thisHour = now - (now % hourMs);
const signal = new AbortController().signal;

function row(parts: Partial<UsageRow> = {}): UsageRow {
  const names = { tenant: "acme", keyId: "k1", model: "digits", hour: thisHour };
  return { ...names, requests: 1, images: 1, cached: 0, failed: 0, nanoUsd: 10, ...parts };
}

const usedBy = (tenant: string) => ({
  tenant,
  keyId: "k1",
  model: "digits",
  images: 1,
  cached: 0,
  failed: 0,
  nanoUsd: 3,
});

test("a batch adds to the rows that are there, and added again changes nothing", async () => {
  const store = usageInPostgres(database);
  const rows = [row({ tenant: "twice" }), row({ tenant: "twice", images: 4, nanoUsd: 5 })];
  await store.write({ id: "batch-1", rows }, { signal });
  await store.write({ id: "batch-1", rows }, { signal });
  await store.write({ id: "batch-2", rows: [row({ tenant: "twice", images: 2 })] }, { signal });
  const report = await store.report({ tenant: "twice", month }, { signal });
  expect(report.total).toEqual({ requests: 3, images: 7, cached: 0, failed: 0, nanoUsd: 25 });
  const found = (await store.months(month, { which: "all", signal })).find(
    ({ tenant }) => tenant === "twice",
  );
  expect(found).toEqual({ tenant: "twice", images: 7, nanoUsd: 25 });
});

test("the same batch tried twice at once counts once", async () => {
  const store = usageInPostgres(database);
  const batch = { id: "raced", rows: [row({ tenant: "raced" })] };
  await Promise.all(Array.from({ length: 8 }, () => store.write(batch, { signal })));
  expect((await store.report({ tenant: "raced", month }, { signal })).total.images).toBe(1);
});

test("four gateways that count and write at once lose nothing and count nothing twice", async () => {
  const store = usageInPostgres(database);
  const gateways = await Promise.all(
    Array.from({ length: 4 }, () => openUsage({ store, clock: systemClock, flushMs: 5, monthsMs: 20 })),
  );
  for (let turn = 0; turn < 50; turn += 1) {
    for (const gateway of gateways) {
      for (let key = 0; key < 20; key += 1) {
        gateway.count({ ...usedBy(`many-${key % 3}`), keyId: `k${key}`, model: `m${turn % 2}` });
      }
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(gateways.map((gateway) => gateway.close()));
  const reports = await Promise.all(
    [0, 1, 2].map((index) => store.report({ tenant: `many-${index}`, month }, { signal })),
  );
  expect(reports.map(({ total }) => total.images)).toEqual([1_400, 1_400, 1_200]);
  expect(reports[0]?.models.map(({ images }) => images)).toEqual([700, 700]);
  await using later = await openUsage({ store, clock: systemClock });
  expect(later.month("many-0")).toEqual({ images: 1_400, nanoUsd: 4_200 });
});

test("a gateway learns within moments what another counted", async () => {
  const store = usageInPostgres(database);
  await using one = await openUsage({ store, clock: systemClock, flushMs: 10, monthsMs: 20 });
  await using other = await openUsage({ store, clock: systemClock, flushMs: 10, monthsMs: 20 });
  one.count({ ...usedBy("shared"), images: 9 });
  await expect.poll(() => other.month("shared")).toEqual({ images: 9, nanoUsd: 3 });
});

test("a connection that breaks after the commit, before its answer, does not count twice", async () => {
  await using cut = await startCuttingProxy(postgres.url);
  await using lost = await openDatabase({ url: cut.url });
  const store = usageInPostgres(lost);
  const clock = createFakeClock({ startAt: now });
  await using usage = await openUsage({ store, clock });
  usage.count(usedBy("cut"));
  cut.arm();
  expect(await usage.flush()).toBe(false);
  expect(cut.hasCut()).toBe(true);
  const committed = await usageInPostgres(database).report({ tenant: "cut", month }, { signal });
  expect(committed.total.images).toBe(1);
  usage.count(usedBy("cut"));
  clock.advance(3_000);
  expect(await usage.flush()).toBe(true);
  expect((await store.report({ tenant: "cut", month }, { signal })).total.images).toBe(2);
  expect(usage.month("cut").images).toBe(2);
});

test("usage is reported by model and by day of UTC, and only of the month and the tenant that were asked", async () => {
  const store = usageInPostgres(database);
  const { from, until } = boundsOf(month);
  const rows = [
    row({ tenant: "days", hour: from, model: "a", images: 2, cached: 1 }),
    row({ tenant: "days", hour: until - hourMs, model: "b", images: 5, failed: 1 }),
    row({ tenant: "days", hour: from - hourMs, images: 100 }),
    row({ tenant: "days", hour: until, images: 100 }),
    row({ tenant: "days-of-another", hour: from, images: 100 }),
  ];
  await store.write({ id: "days", rows }, { signal });
  const report = await store.report({ tenant: "days", month }, { signal });
  expect(report.total).toEqual({ requests: 2, images: 7, cached: 1, failed: 1, nanoUsd: 20 });
  expect(report.models).toEqual([
    { name: "b", requests: 1, images: 5, cached: 0, failed: 1, nanoUsd: 10 },
    { name: "a", requests: 1, images: 2, cached: 1, failed: 0, nanoUsd: 10 },
  ]);
  expect(report.days.map(({ date, images }) => [date, images])).toEqual([
    [new Date(from).toISOString().slice(0, 10), 2],
    [new Date(until - 1).toISOString().slice(0, 10), 5],
  ]);
  const sums = await store.months(month, { which: "recent", signal });
  expect(sums.find(({ tenant }) => tenant === "days")?.images).toBe(7);
});

test("names and counts that PostgreSQL would refuse hold up nothing", async () => {
  const store = usageInPostgres(database);
  const rows = [
    row({ tenant: "odd", keyId: "nul\u0000inside", model: "x".repeat(5_000) }),
    row({ tenant: "odd", keyId: "'); DROP TABLE usage_hours; --", model: '{"a","b"}' }),
    row({ tenant: "odd", keyId: "\ud800", nanoUsd: 0.4 }),
    row({ tenant: "odd", keyId: "nan", nanoUsd: Number.NaN }),
    row({ tenant: "odd-large", nanoUsd: 1e300 }),
  ];
  await store.write({ id: "odd", rows }, { signal });
  expect((await store.report({ tenant: "odd", month }, { signal })).total.images).toBe(4);
});

test("batches are forgotten after an hour, and months that nobody asks for any more", async () => {
  const store = usageInPostgres(database);
  await database.query("INSERT INTO usage_batches (id, at) VALUES ('old', now() - interval '61 minutes')");
  await database.query("INSERT INTO usage_months VALUES ('2020-01-01', 'old', 1, 1)");
  await store.write({ id: "new", rows: [row({ tenant: "fresh" })] }, { signal });
  const left = await database.query("SELECT id FROM usage_batches WHERE id IN ('old', 'new')");
  expect(left).toEqual([{ id: "new" }]);
  expect(await store.months("2020-01", { which: "all", signal })).toEqual([]);
});

test("usage of years ago is swept with the retention, and this month's stays", async () => {
  const store = usageInPostgres(database);
  const longAgo = now - 800 * 86_400_000;
  const rows = [row({ tenant: "swept" }), row({ tenant: "swept", hour: longAgo - (longAgo % hourMs) })];
  await store.write({ id: "swept", rows }, { signal });
  expect((await sweepRecords(database)).usage).toBe(1);
  expect((await store.report({ tenant: "swept", month }, { signal })).total.images).toBe(1);
});

/** Passes everything on until it is armed: then the answer to the next COMMIT is dropped with its connection. */
async function startCuttingProxy(url: string) {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let state: "passing" | "armed" | "cut" = "passing";
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    let isLast = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => [client, upstream].map((each) => each.destroy()));
    }
    client.on("data", (bytes) => {
      isLast ||= state === "armed" && bytes.includes("COMMIT");
      upstream.write(bytes);
    });
    upstream.on("data", (bytes) => {
      if (!isLast) return void client.write(bytes);
      state = "cut";
      client.destroy();
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const proxied = new URL(url);
  proxied.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: proxied.href,
    arm: () => {
      state = "armed";
    },
    hasCut: () => state === "cut",
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
