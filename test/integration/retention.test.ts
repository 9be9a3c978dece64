import { afterAll, beforeAll, expect, test } from "vitest";
import { unboundedTenant } from "#gateway/caller.ts";
import { readAudit, recordAudit } from "#gateway/records/audit.ts";
import { keepSwept } from "#gateway/records/keep-swept.ts";
import { sweepRecords } from "#gateway/records/retention.ts";
import { putTenant } from "#gateway/records/tenants.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { type MigratedPostgres, startMigratedPostgres } from "#test/support/migrated-postgres.ts";

let records: MigratedPostgres;
let database: MigratedPostgres["database"];
beforeAll(async () => {
  records = await startMigratedPostgres();
  ({ database } = records);
});
afterAll(() => records?.[Symbol.asyncDispose]());

const actor = { id: "test" };
const addTenant = (id: string, more: { readonly retentionDays: number }) =>
  putTenant(database, { actor, tenant: { ...unboundedTenant(id), ...more } });
const auditOf = (tenant: string) => readAudit(database.query, { tenant, most: 100 });

const age = (tenant: string, days: number) =>
  database.query(
    "INSERT INTO audit_events (at, actor, action, subject, tenant) VALUES (now() - make_interval(days => $2), 'old', 'key.create', $3, $1)",
    [tenant, days, String(days)],
  );

test("an audit event can be neither changed nor removed by SQL, not even with the sweeper's flag", async () => {
  await database.transaction((query) =>
    recordAudit(query, { actor, action: "key.create", subject: "x", tenant: "sealed" }),
  );
  // Old, but not yet old enough to go.
  await age("sealed", 300);
  const refused = "audit events are only ever added";
  for (const text of [
    "UPDATE audit_events SET actor = 'nobody'",
    "DELETE FROM audit_events",
    "TRUNCATE audit_events",
    "DELETE FROM audit_events WHERE tenant = 'sealed'",
  ]) {
    await expect(database.query(text)).rejects.toThrow(refused);
    const flagged = database.transaction(async (query) => {
      await query("SET LOCAL tradewind.sweeping = 'on'");
      await query(text);
    });
    await expect(flagged).rejects.toThrow(refused);
  }
  expect(await auditOf("sealed")).toHaveLength(2);
});

test("each tenant's audit and usage go when its own retention is over", async () => {
  await addTenant("brief", { retentionDays: 70 });
  await addTenant("long", { retentionDays: 700 });
  for (const tenant of ["brief", "long", "unheard-of"]) {
    for (const days of [1, 69, 71, 366, 701]) {
      await age(tenant, days);
      await database.query(
        "INSERT INTO usage_hours VALUES ($1, date_trunc('hour', now()) - make_interval(days => $2), 'k', 'm', 1, 1, 0, 0, 1)",
        [tenant, days],
      );
    }
  }
  const left = async (tenant: string) =>
    (await auditOf(tenant))
      .filter(({ actor }) => actor === "old")
      .map(({ subject }) => Number(subject))
      .sort();
  expect(await sweepRecords(database)).toEqual({ audit: 6, usage: 6 });
  expect(await sweepRecords(database)).toEqual({ audit: 0, usage: 0 });
  expect(await left("brief")).toEqual([1, 69]);
  expect(await left("long")).toEqual([1, 366, 69, 71]);
  expect(await left("unheard-of")).toEqual([1, 69, 71]);
  const usage = await database.query(
    "SELECT tenant, count(*)::int AS rows FROM usage_hours GROUP BY tenant ORDER BY tenant",
  );
  expect(usage).toEqual([
    { tenant: "brief", rows: 2 },
    { tenant: "long", rows: 4 },
    { tenant: "unheard-of", rows: 3 },
  ]);
});

test("usage of the running month stays however short the retention is", async () => {
  await addTenant("hasty", { retentionDays: 1 });
  const text = `INSERT INTO usage_hours SELECT 'hasty', at, 'k', 'm', 1, 1, 0, 0, 1
    FROM (VALUES (date_trunc('month', now(), 'UTC')), (date_trunc('month', now(), 'UTC') - interval '2 days')) AS hours (at)`;
  await database.query(text);
  await sweepRecords(database);
  const kept = await database.query(
    "SELECT hour = date_trunc('month', now(), 'UTC') AS this_month FROM usage_hours WHERE tenant = 'hasty'",
  );
  expect(kept).toEqual([{ this_month: true }]);
});

test("old records are swept by themselves, and closing ends that", async () => {
  await addTenant("swept", { retentionDays: 1 });
  await age("swept", 2);
  const clock = createFakeClock();
  await using _ = keepSwept(database, clock);
  clock.advance(60_000);
  await expect.poll(async () => (await auditOf("swept")).length).toBe(1);
});
