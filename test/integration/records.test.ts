import { userInfo } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { unboundedTenant } from "#gateway/caller.ts";
import { createApiKey, type KeyRights, usualRights } from "#gateway/records/api-key.ts";
import { readAudit } from "#gateway/records/audit.ts";
import { createKey, listKeys, revokeKey, rotateKey, storeKey, widenKey } from "#gateway/records/keys.ts";
import { deleteTenant, listTenants, putTenant } from "#gateway/records/tenants.ts";
import { touchKeys } from "#gateway/records/touch-keys.ts";
import { systemChance as chance } from "#infra/runtime/chance.ts";
import { type MigratedPostgres, startMigratedPostgres } from "#test/support/migrated-postgres.ts";
import { runTradewind } from "#test/support/run-tradewind.ts";

let records: MigratedPostgres;
let postgres: MigratedPostgres["postgres"];
let database: MigratedPostgres["database"];
beforeAll(async () => {
  records = await startMigratedPostgres();
  ({ postgres, database } = records);
});
afterAll(() => records?.[Symbol.asyncDispose]());

const actor = { id: "test" };
const create = (rights: Partial<KeyRights> = {}) =>
  createKey(database, { actor, name: "ci", rights: { ...usualRights, ...rights }, chance });
const rotate = (id: string, more: Partial<Parameters<typeof rotateKey>[1]> = {}) =>
  rotateKey(database, { actor, id, overlapMs: 60_000, now: Date.now(), chance, ...more });
const addTenant = (id: string) => putTenant(database, { actor, tenant: unboundedTenant(id) });
const auditOf = (tenant: string) => readAudit(database.query, { tenant, most: 100 });

test("keys from before there were tenants belong to the default one and keep working", async () => {
  const { record } = createApiKey("old", chance);
  await database.query("INSERT INTO api_keys (id, name, hash) VALUES ($1, 'old', $2)", [
    record.id,
    record.hash,
  ]);
  const found = await listKeys(database.query, { most: 1_000 });
  expect(found.find(({ id }) => id === record.id)).toMatchObject({
    tenant: "default",
    scopes: ["infer", "usage"],
    models: "all",
    origins: [],
    limits: { rates: [] },
  });
});

test("keys and tenants can't be removed by SQL, since gateways would go on letting them in", async () => {
  for (const text of ["DELETE FROM api_keys", "DELETE FROM tenants", "TRUNCATE api_keys, tenants"]) {
    await expect(database.query(text)).rejects.toThrow("are not removed");
  }
});

test("a change and its audit event come together or not at all", async () => {
  await addTenant("atomic");
  const { record } = await create({ tenant: "atomic" });
  await database.query(
    "ALTER TABLE audit_events ADD CONSTRAINT broken CHECK (action <> 'key.revoke') NOT VALID",
  );
  await expect(revokeKey(database, { actor, id: record.id })).rejects.toThrow("broken");
  await database.query("ALTER TABLE audit_events DROP CONSTRAINT broken");
  expect(await listKeys(database.query, { tenant: "atomic", most: 10 })).toHaveLength(1);
  await revokeKey(database, { actor, id: record.id });
  expect(await listKeys(database.query, { tenant: "atomic", most: 10 })).toEqual([]);
  const events = await auditOf("atomic");
  expect(events.map(({ action }) => action)).toEqual(["key.revoke", "key.create", "tenant.create"]);
});

test("the audit says who did what to whom and never holds a key or its hash", async () => {
  await addTenant("told");
  const { text, record } = await create({ tenant: "told", models: ["digits-s"] });
  const rotated = await rotate(record.id);
  await revokeKey(database, { actor, id: record.id });
  const events = await auditOf("told");
  expect(events.map((event) => [event.actor, event.action, event.subject])).toEqual([
    ["test", "key.revoke", record.id],
    ["test", "key.rotate", record.id],
    ["test", "key.create", record.id],
    ["test", "tenant.create", "told"],
  ]);
  expect(events[1]?.details).toMatchObject({ replaced_by: rotated.record.id, models: ["digits-s"] });
  const written = JSON.stringify(events);
  for (const secret of [text, rotated.text, record.hash, rotated.record.hash]) {
    expect(written).not.toContain(secret);
    // The secret's own part; its letters may hold another underscore.
    expect(written).not.toContain(secret.split("_").slice(2).join("_") || secret);
  }
});

test("a rotation gives the rights on, once, and only to keys that work", async () => {
  await addTenant("rotating");
  const rights = {
    tenant: "rotating",
    scopes: ["infer"] as const,
    models: ["digits-s"],
    origins: ["https://app.example.com"],
    limits: { rates: [{ requests: 3, perMs: 1_000, burst: 1 }], concurrency: 2 },
    expiresAt: Date.now() + 3_600_000,
  };
  const { record } = await create(rights);
  const { record: successor } = await rotate(record.id);
  expect(successor).toMatchObject({ ...rights, name: "ci" });
  const [old] = (await listKeys(database.query, { tenant: "rotating", most: 10 })).filter(
    ({ id }) => id === record.id,
  );
  expect(old).toMatchObject({ replacedBy: successor.id });
  await expect(rotate(record.id)).rejects.toMatchObject({
    code: "record_exists",
    message: expect.stringContaining(successor.id),
  });
  await expect(rotate("000000000000")).rejects.toMatchObject({ code: "record_unknown" });
  await expect(rotate(successor.id, { now: rights.expiresAt })).rejects.toMatchObject({
    code: "record_unknown",
  });
  const renewed = await rotate(successor.id, { expiresAt: rights.expiresAt + 1 });
  expect(renewed.record.expiresAt).toBe(rights.expiresAt + 1);
  await revokeKey(database, { actor, id: renewed.record.id });
  await expect(rotate(renewed.record.id)).rejects.toMatchObject({ code: "record_unknown" });
  await expect(revokeKey(database, { actor, id: renewed.record.id })).rejects.toMatchObject({
    code: "record_unknown",
  });
});

test("two rotations of one key at once make one successor", async () => {
  const { record } = await create();
  const outcomes = await Promise.allSettled([rotate(record.id), rotate(record.id), rotate(record.id)]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected", "rejected"]);
});

test("a tenant with live keys stays, and one that is gone gets no keys", async () => {
  await addTenant("leaving");
  const { record } = await create({ tenant: "leaving" });
  const remove = () => deleteTenant(database, { actor, id: "leaving" });
  await expect(remove()).rejects.toMatchObject({
    code: "record_exists",
    message: "tenant leaving still has 1 live key: revoke them first",
  });
  await revokeKey(database, { actor, id: record.id });
  await remove();
  await expect(remove()).rejects.toMatchObject({ code: "record_unknown" });
  await expect(create({ tenant: "leaving" })).rejects.toMatchObject({ code: "record_unknown" });
  expect(await listTenants(database.query, { id: "leaving", most: 1 })).toEqual([]);
  // And may come back.
  expect((await addTenant("leaving")).isNew).toBe(true);
  await create({ tenant: "leaving" });
});

test("a tenant is not deleted while it gets a key", async () => {
  for (let round = 0; round < 10; round += 1) {
    const id = `race-${round}`;
    await addTenant(id);
    const [made] = await Promise.allSettled([
      create({ tenant: id }),
      deleteTenant(database, { actor, id }).catch(() => undefined),
    ]);
    const isThere = (await listTenants(database.query, { id, most: 1 })).length === 1;
    expect(isThere).toBe(made.status === "fulfilled");
  }
});

test("the operators' own tenant stays", async () => {
  await expect(deleteTenant(database, { actor, id: "default" })).rejects.toMatchObject({ code: "forbidden" });
});

test("last uses are noted in one go, the latest wins, and strangers are passed over", async () => {
  const keys = await Promise.all([create(), create()]);
  const [a = "", b = ""] = keys.map(({ record }) => record.id);
  const at = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
  await Promise.all([
    touchKeys(
      database,
      new Map([
        [a, at],
        [b, at],
        ["nobody", at],
      ]),
    ),
    touchKeys(
      database,
      new Map([
        [b, at + 1],
        [a, at - 1],
      ]),
    ),
  ]);
  await touchKeys(database, new Map());
  const found = new Map((await listKeys(database.query, { most: 1_000 })).map((key) => [key.id, key]));
  expect(found.get(a)?.lastUsedAt).toEqual(new Date(at));
  expect(found.get(b)?.lastUsedAt).toEqual(new Date(at + 1));
});

test("a live key is given further scopes, a revoked one or another text is not", async () => {
  const { record } = await create();
  const wide = { ...record, scopes: ["infer", "admin"] as const };
  expect(await widenKey(database, wide)).toBe(true);
  expect(await widenKey(database, { ...wide, hash: "0".repeat(64) })).toBe(false);
  const found = await listKeys(database.query, { most: 1_000 });
  expect(found.find(({ id }) => id === record.id)?.scopes).toEqual(["infer", "admin"]);
  await revokeKey(database, { actor, id: record.id });
  expect(await widenKey(database, wide)).toBe(false);
});

test("a development key is stored once however often it is", async () => {
  const { record } = createApiKey("development", chance);
  await storeKey(database, record, { actor: { id: "twice" } });
  await storeKey(database, record, { actor: { id: "twice" } });
  const events = await auditOf("default");
  expect(events.filter(({ actor }) => actor === "twice")).toHaveLength(1);
});

test("the command makes, lists, rotates and revokes keys and is audited as its user", async () => {
  await addTenant("shell");
  const env = { DATABASE_URL: postgres.url };
  const made = await runTradewind(
    [
      "keys",
      "create",
      "my key",
      "--tenant",
      "shell",
      "--scopes",
      "infer,admin",
      "--models",
      "digits-s",
      "--expires",
      "90d",
    ],
    env,
  );
  expect(made).toMatchObject({ code: 0 });
  expect(made.stdout).toMatch(/^tw_[0-9a-f]{12}_\S{32}\n$/);
  const id = made.stdout.split("_")[1] ?? "";
  const rotated = await runTradewind(["keys", "rotate", id, "--overlap", "2h"], env);
  expect(rotated.stdout).toMatch(/^tw_/);
  expect(rotated.stderr).toContain(`${id} works until `);
  const next = rotated.stdout.split("_")[1] ?? "";
  await touchKeys(database, new Map([[next, Date.UTC(2026, 0, 1)]]));
  const { stdout } = await runTradewind(["keys", "list", "--tenant", "shell"], env);
  expect(stdout).toMatch(
    new RegExp(`^${id}  shell  infer,admin  never used  rotated to ${next}, ends \\S+  my key$`, "m"),
  );
  expect(stdout).toMatch(
    new RegExp(`^${next}  shell  infer,admin  used 2026-01-01T00:00:00.000Z  expires \\S+  my key$`, "m"),
  );
  expect(await runTradewind(["keys", "revoke", next], env)).toMatchObject({ code: 0 });
  expect((await runTradewind(["keys", "revoke", next], env)).stderr).toContain(
    `there is no key ${next} to revoke`,
  );
  const events = await auditOf("shell");
  expect(events.map(({ actor, action }) => [actor, action]).slice(0, 3)).toEqual(
    ["key.revoke", "key.rotate", "key.create"].map((action) => [`cli:${userInfo().username}`, action]),
  );
});
