import { afterAll, beforeAll, expect, test } from "vitest";
import { unboundedTenant } from "#gateway/caller.ts";
import { HourRows } from "#gateway/ledger/hour-rows.ts";
import type { LedgerBatch, LedgerStore } from "#gateway/ledger/ledger-store.ts";
import { type Recorded, recordPursuit } from "#gateway/ledger/record-pursuit.ts";
import { ledgerInPostgres } from "#gateway/records/ledger.ts";
import { keepLedgerSwept, sweepLedger } from "#gateway/records/sweep-ledger.ts";
import { putTenant } from "#gateway/records/tenants.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { factsOf, laneOf, poolOf, pursue } from "#test/support/courses.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { type MigratedPostgres, startMigratedPostgres } from "#test/support/migrated-postgres.ts";

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

function recorded(tenant: string, at = systemClock.now()): Recorded {
  const { course, seen } = pursue(poolOf([laneOf("b")]), () => ({ ms: 10 }), { at });
  return recordPursuit(course, factsOf({ seen, tenant }));
}

function batchOf(id: string, all: readonly Recorded[]): LedgerBatch {
  const rows = new HourRows();
  for (const one of all) rows.add(one);
  return { id, rows: rows.take(10_000), decisions: all };
}

test("decisions go after a day and their sums when their tenant's retention is over", async () => {
  await putTenant(database, {
    actor: { id: "test" },
    tenant: { ...unboundedTenant("brief"), retentionDays: 70 },
  });
  const old = (days: number) => systemClock.now() - days * 86_400_000;
  const all = [1, 69, 71].map((days) => recorded("brief", old(days)));
  await store.write(batchOf("brief", all), { signal });
  await database.query(
    "UPDATE decisions SET kept_at = now() - interval '25 hours' WHERE id IN (SELECT id FROM decisions WHERE tenant = 'brief' LIMIT 2)",
  );
  expect(await sweepLedger(database)).toEqual({ decisions: 2, hours: 1 });
  expect(await sweepLedger(database)).toEqual({ decisions: 0, hours: 0 });
  expect(await store.find({ requestId: "R1", tenant: "brief" }, { signal })).toHaveLength(1);
  expect((await sweepLedger(database, { decisionsMs: 0 })).decisions).toBeGreaterThan(0);
});

test("the ledger is swept by itself, and closing ends that", async () => {
  await store.write(batchOf("kept", [recorded("kept")]), { signal });
  const clock = createFakeClock();
  await using _ = keepLedgerSwept(database, { clock, decisionsMs: 0 });
  clock.advance(60_000);
  await expect.poll(() => store.find({ requestId: "R1", tenant: "kept" }, { signal })).toEqual([]);
});

test("batches of the ledger are forgotten after an hour", async () => {
  await database.query("INSERT INTO ledger_batches (id, at) VALUES ('old', now() - interval '61 minutes')");
  await store.write(batchOf("new", []), { signal });
  const left = await database.query("SELECT id FROM ledger_batches WHERE id IN ('old', 'new')");
  expect(left).toEqual([{ id: "new" }]);
});
