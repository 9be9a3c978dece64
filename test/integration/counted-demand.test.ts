import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  countDemand,
  readCountedSince,
  readDemand,
  readLately,
  readSpeeds,
} from "#gateway/records/demand.ts";
import { ofTerm, raiseTerm } from "#gateway/records/leader.ts";
import { countStanding, readStood } from "#gateway/records/stood.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { type MigratedPostgres, startMigratedPostgres } from "#test/support/migrated-postgres.ts";
import { clearFleet } from "#test/support/scaled-fleet.ts";

let records: MigratedPostgres;
let database: Database;
beforeAll(async () => {
  records = await startMigratedPostgres();
  ({ database } = records);
});
afterAll(() => records?.[Symbol.asyncDispose]());
beforeEach(() => clearFleet(database));

const hour = Date.UTC(2026, 0, 5, 10);
const minute = 60_000;

async function ledgerSays(requests: number, at = hour, model = "digits"): Promise<void> {
  await database.query(
    `INSERT INTO ledger_hours VALUES ('default', $1, $3, 'near/1', 'request', $2, 0, 7, 0, 0, 0, 5000, 0, 0, 0, 0)
      ON CONFLICT (tenant, hour, model, backend, kind) DO UPDATE SET requests = excluded.requests`,
    [new Date(at), requests, model],
  );
}

const within = () => ({ signal: AbortSignal.timeout(20_000) });

test("demand is what the ledger grew by, minute by minute, and nothing is counted twice", async () => {
  const term = await raiseTerm(database.query, "test");
  const leading = ofTerm(database, term);
  const look = (at: number) => countDemand(leading, at, within());
  const read = async (now: number) =>
    (await readDemand(database.query, { models: ["digits"], now }, within())).map(({ at, requests }) => [
      (at - hour) / minute,
      requests,
    ]);
  await ledgerSays(30);
  await look(hour + 2 * minute + 500);
  await look(hour + 2 * minute + 30_000);
  await ledgerSays(42);
  await ledgerSays(1_000, hour, "other");
  await look(hour + 3 * minute + 100);
  await look(hour + 5 * minute);
  expect(await read(hour + 5 * minute + 1)).toEqual([
    [0, 10],
    [1, 10],
    [2, 16],
    [3, 6],
    [4, 0],
  ]);
});

test("before anybody counted by the minute the hours of the ledger are what is known", async () => {
  await ledgerSays(3_600, hour - 3_600_000);
  await ledgerSays(600);
  const now = hour + 10 * minute;
  expect(await readDemand(database.query, { models: ["digits"], now }, within())).toEqual([
    { at: hour - 3_600_000, seconds: 3_600, requests: 3_600 },
    { at: hour, seconds: 600, requests: 600 },
  ]);
  expect(await readDemand(database.query, { models: ["none"], now }, within())).toEqual([]);
});

test("old minutes are read by the quarter of an hour, and those of a fortnight ago are gone", async () => {
  const leading = ofTerm(database, await raiseTerm(database.query, "test"));
  const old = hour - 10 * 3_600_000;
  await database.query(
    `INSERT INTO demand SELECT $1::timestamptz + n * interval '1 minute', 'digits', 2 FROM generate_series(0, 29) AS n`,
    [new Date(old)],
  );
  await database.query("INSERT INTO demand VALUES ($1, 'digits', 9)", [new Date(hour - 16 * 86_400_000)]);
  await countDemand(leading, hour, within());
  expect(await readDemand(database.query, { models: ["digits"], now: hour }, within())).toEqual([
    { at: old, seconds: 900, requests: 30 },
    { at: old + 15 * minute, seconds: 900, requests: 30 },
  ]);
});

test("a former leader counts no demand", async () => {
  const before = ofTerm(database, await raiseTerm(database.query, "test"));
  await raiseTerm(database.query, "next");
  await expect(countDemand(before, hour, within())).rejects.toMatchObject({ code: "not_leader" });
});

test("how fast backends are and how many came too late is read from the last hours", async () => {
  await ledgerSays(50);
  const now = hour + 10 * minute;
  expect(await readSpeeds(database.query, now, within())).toEqual([
    { backend: "near/1", hour, answered: 50, realMs: 5_000, bytes: 0 },
  ]);
  const lately = (model: string) => readLately(database.query, { models: [model], now }, within());
  expect(await lately("digits")).toEqual({ requests: 50, missed: 7 });
  expect(await lately("none")).toBeUndefined();
});

test("how many ran in an hour is their mean over all looks at it, and is forgotten after a day", async () => {
  const leading = ofTerm(database, await raiseTerm(database.query, "test"));
  const look = (at: number, running: number | undefined, provider = "near") =>
    countStanding(
      leading,
      { seen: [{ provider, status: running === undefined ? undefined : { running } }], now: at },
      within(),
    );
  await look(hour - 30 * 3_600_000, 7);
  for (const running of [1, undefined, 4]) await look(hour + 5, running);
  await look(hour + 6, 0, "far");
  await look(hour + 6, Number.NaN, "far");
  await look(hour + 6, 1e300, "vast");
  await look(hour - 3_600_000, 2);
  const read = await readStood(database.query, hour + minute, within());
  expect(read.toSorted((one, other) => one.running - other.running)).toEqual([
    { provider: "far", hour, running: 0 },
    { provider: "near", hour: hour - 3_600_000, running: 2 },
    { provider: "near", hour, running: 2.5 },
    { provider: "vast", hour, running: 1e6 },
  ]);
  expect(await database.query("SELECT 1 FROM stood WHERE running = 7")).toEqual([]);
});

test("demand counts as known from the first look, or from the end of the hour in which the ledger began", async () => {
  const since = () => readCountedSince(database.query, hour + 30 * minute, within());
  expect(await since()).toBeUndefined();
  await ledgerSays(5);
  expect(await since()).toBe(hour + 60 * minute);
  const leading = ofTerm(database, await raiseTerm(database.query, "test"));
  for (const at of [20, 25]) await countDemand(leading, hour + at * minute, within());
  expect(await since()).toBe(hour + 20 * minute);
  await ledgerSays(5, hour - 3_600_000);
  expect(await since()).toBe(hour);
});
