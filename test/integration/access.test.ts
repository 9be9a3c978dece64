import { afterAll, beforeAll, expect, test } from "vitest";
import { openAccess } from "#gateway/admission/access.ts";
import { unboundedTenant } from "#gateway/caller.ts";
import { accessInPostgres } from "#gateway/records/access-in-postgres.ts";
import { createApiKey } from "#gateway/records/api-key.ts";
import { createKey, revokeKey, rotateKey, storeKey } from "#gateway/records/keys.ts";
import { deleteTenant, putTenant } from "#gateway/records/tenants.ts";
import { touchKeys } from "#gateway/records/touch-keys.ts";
import { systemChance as chance } from "#infra/runtime/chance.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { type Database, openDatabase } from "#infra/runtime/postgres/database.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { type MigratedPostgres, startMigratedPostgres } from "#test/support/migrated-postgres.ts";

let records: MigratedPostgres;
let postgres: MigratedPostgres["postgres"];
let database: MigratedPostgres["database"];
beforeAll(async () => {
  records = await startMigratedPostgres();
  ({ postgres, database } = records);
});
afterAll(() => records?.[Symbol.asyncDispose]());

const actor = { id: "test" };
const rights = {
  tenant: "default",
  scopes: ["infer"],
  models: "all",
  origins: [],
  limits: { rates: [] },
} as const;
const create = (more: Partial<Parameters<typeof createKey>[1]["rights"]> = {}) =>
  createKey(database, { actor, name: "ci", rights: { ...rights, ...more }, chance });

const open = (clock = systemClock, refreshMs?: number) =>
  openAccess({
    source: accessInPostgres({ database, url: postgres.url, clock: systemClock }),
    clock,
    ...(refreshMs !== undefined && { refreshMs }),
  });

const listeners = async (): Promise<number> =>
  (await database.query("SELECT 1 FROM pg_stat_activity WHERE application_name = 'tradewind listening'"))
    .length;

/** How long it takes until a condition holds, looked at often. */
async function timeUntil(holds: () => boolean): Promise<number> {
  const began = performance.now();
  await expect.poll(holds, { interval: 5, timeout: 10_000 }).toBe(true);
  return performance.now() - began;
}

test("a notification alone lets a new key in and keeps a revoked one out within a second", async () => {
  // The clock stands still, so no turn ever comes.
  await using access = await open(createFakeClock());
  await expect.poll(listeners).toBe(1);
  const { text, record } = await create();
  expect(await timeUntil(() => access.find(text) !== undefined)).toBeLessThan(1_000);
  await revokeKey(database, { actor, id: record.id });
  expect(await timeUntil(() => access.find(text) === undefined)).toBeLessThan(1_000);
});

test("a revoked key stops working within a second while nobody can be notified", async () => {
  const { text, record } = await create();
  await using access = await open();
  await expect.poll(listeners).toBe(1);
  expect(access.find(text)).toBeDefined();
  const terminate =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tradewind listening'";
  const lost: string[] = [];
  const stop = sideConcernSkipped.subscribe(({ what }) => lost.push(what));
  await database.query(terminate);
  await expect.poll(() => lost).toContain("listening to PostgreSQL");
  await revokeKey(database, { actor, id: record.id });
  expect(await timeUntil(() => access.find(text) === undefined)).toBeLessThan(1_000);
  stop();
  // And it is listened again by itself.
  await expect.poll(listeners, { timeout: 5_000 }).toBe(1);
});

test("a key of a transaction that commits late is not missed", async () => {
  await using access = await open(createFakeClock());
  const late = createApiKey("late", chance);
  const commit = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const writing = database.transaction(async (query) => {
    await query("INSERT INTO api_keys (id, name, hash) VALUES ($1, 'late', $2)", [
      late.record.id,
      late.record.hash,
    ]);
    begun.resolve();
    await commit.promise;
  });
  await begun.promise;
  // Later transactions that commit earlier move the reader on, past the one that is still open.
  for (let n = 0; n < 3; n += 1) {
    const { text } = await create();
    await access.refresh();
    expect(access.find(text)).toBeDefined();
  }
  expect(access.find(late.text)).toBeUndefined();
  commit.resolve();
  await writing;
  await access.refresh();
  expect(access.find(late.text)).toMatchObject({ id: late.record.id });
});

test("only what changed is read again", async () => {
  const source = accessInPostgres({ database, url: postgres.url, clock: systemClock });
  const signal = AbortSignal.timeout(10_000);
  const kept = await create();
  expect((await source.read({ signal })).isWhole).toBe(true);
  expect(await source.read({ signal })).toEqual({ isWhole: false, keys: [], tenants: [] });
  // When a key was last used changes nothing of who may come in.
  await touchKeys(database, new Map([[kept.record.id, 1_700_000_000_000]]));
  expect(await source.read({ signal })).toEqual({ isWhole: false, keys: [], tenants: [] });
  await revokeKey(database, { actor, id: kept.record.id });
  expect(await source.read({ signal })).toEqual({
    isWhole: false,
    keys: [{ id: kept.record.id, gone: true }],
    tenants: [],
  });
});

test("a tenant that changes is the same change for each of its keys", async () => {
  await putTenant(database, { actor, tenant: unboundedTenant("changing") });
  const { text, record } = await create({ tenant: "changing" });
  await using access = await open(createFakeClock());
  expect(access.find(text)).toMatchObject({ tenant: unboundedTenant("changing") });
  const tenant = {
    id: "changing",
    limits: { rates: [{ requests: 5, perMs: 1_000, burst: 2 }], concurrency: 3 },
    modelLimits: new Map([["digits-s", { rates: [], concurrency: 1 }]]),
    monthly: { images: 10, nanoUsd: 9_000_000_000_000_000 },
    retentionDays: 12,
  };
  await putTenant(database, { actor, tenant });
  await access.refresh();
  expect(access.find(text)).toMatchObject({ tenant });
  expect(access.tenant("changing")).toEqual(tenant);
  await revokeKey(database, { actor, id: record.id });
  await deleteTenant(database, { actor, id: "changing" });
  await access.refresh();
  expect(access.tenant("changing")).toBe("gone");
  // A gateway that starts after that knows it as well, and that others never were.
  await using later = await open(createFakeClock());
  expect([later.tenant("changing"), later.tenant("never")]).toEqual(["gone", undefined]);
});

test("a rotated key works beside its successor until the overlap ends", async () => {
  const clock = createFakeClock();
  const { text, record } = await create({ models: ["digits-s"], expiresAt: clock.now() + 100 * 3_600_000 });
  await using access = await open(clock);
  const rotated = await rotateKey(database, {
    actor,
    id: record.id,
    overlapMs: 3_600_000,
    now: clock.now(),
    chance,
  });
  await access.refresh();
  const { id, ...same } = access.find(text) as Exclude<ReturnType<typeof access.find>, string | undefined>;
  expect(same.expiresAt).toBe(clock.now() + 3_600_000);
  expect(access.find(rotated.text)).toEqual({
    ...same,
    id: rotated.record.id,
    expiresAt: clock.now() + 100 * 3_600_000,
  });
  clock.advance(3_600_000 - 1);
  expect(access.find(text)).toMatchObject({ id });
  clock.advance(1);
  expect(access.find(text)).toBe("expired");
  expect(access.find(rotated.text)).toMatchObject({ id: rotated.record.id });
  clock.advance(99 * 3_600_000);
  expect(access.find(rotated.text)).toBe("expired");
});

test("a key rotated without overlap ends at once", async () => {
  const clock = createFakeClock();
  const { text, record } = await create();
  await using access = await open(clock);
  await rotateKey(database, { actor, id: record.id, overlapMs: 0, now: clock.now(), chance });
  await access.refresh();
  expect(access.find(text)).toBe("expired");
});

test("a row that somebody spoiled closes its own door and no other", async () => {
  const [spoiled, good] = [await create(), await create()];
  await using access = await open(createFakeClock());
  const told: unknown[] = [];
  const stop = sideConcernSkipped.subscribe(({ detail }) => told.push(detail));
  await database.query("UPDATE api_keys SET limits = '[]' WHERE id = $1", [spoiled.record.id]);
  await revokeKey(database, { actor, id: good.record.id });
  await access.refresh();
  stop();
  expect(access.find(spoiled.text)).toBeUndefined();
  expect(access.find(good.text)).toBeUndefined();
  expect(told).toContain(spoiled.record.id);
  await revokeKey(database, { actor, id: spoiled.record.id }).catch(() => undefined);
  await database.query("UPDATE api_keys SET limits = '{\"rates\": []}', revoked_at = now() WHERE id = $1", [
    spoiled.record.id,
  ]);
});

test("a database that was put back in time is read as a whole", async () => {
  let horizons: bigint[] = [];
  const query: Database["query"] = async (
    text: string,
    values: readonly unknown[] = [],
    options: { readonly signal?: AbortSignal } = {},
  ) => {
    const rows = await database.query(text, values, options);
    const planted = text.includes("AS oldest") ? horizons.shift() : undefined;
    return planted === undefined ? rows : [planted];
  };
  const source = accessInPostgres({
    database: { ...database, query },
    url: postgres.url,
    clock: systemClock,
  });
  horizons = [9n, 8n, 8n];
  const signal = AbortSignal.timeout(10_000);
  expect((await source.read({ signal })).isWhole).toBe(true);
  expect((await source.read({ signal })).isWhole).toBe(true);
  expect((await source.read({ signal })).isWhole).toBe(false);
});

test("a database that is away leaves the keys as they are", async () => {
  const { text } = await create();
  await using own = await openDatabase({ url: postgres.url });
  await using access = await openAccess({
    source: accessInPostgres({ database: own, url: "postgres://nobody@127.0.0.1:1/x", clock: systemClock }),
    clock: createFakeClock(),
  });
  await own.close();
  await expect(access.refresh()).rejects.toThrow();
  expect(access.find(text)).toBeDefined();
});

test("100,000 keys are loaded within five seconds, and one of them is known at once when it changes", async () => {
  await database.query(
    "INSERT INTO api_keys (id, name, hash) SELECT 'm' || n, 'many', encode(sha256(n::text::bytea), 'hex') FROM generate_series(1, 100000) n",
  );
  const { text, record } = createApiKey("known", chance);
  await storeKey(database, record);
  const times: number[] = [];
  const load = async () => {
    const began = performance.now();
    const opened = await open(createFakeClock());
    times.push(performance.now() - began);
    return opened;
  };
  // The quicker of two, since the machine may be busy with something else.
  await (await load()).close();
  await using access = await load();
  expect(Math.min(...times)).toBeLessThan(5_000);
  expect(access.find(text)).toMatchObject({ id: record.id });
  const again = performance.now();
  await revokeKey(database, { actor, id: record.id });
  await access.refresh();
  expect(access.find(text)).toBeUndefined();
  expect(performance.now() - again).toBeLessThan(1_000);
});
