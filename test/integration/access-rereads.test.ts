import { afterAll, beforeAll, expect, test } from "vitest";
import { openAccess } from "#gateway/admission/access.ts";
import { unboundedTenant } from "#gateway/caller.ts";
import { accessInPostgres } from "#gateway/records/access-in-postgres.ts";
import { usualRights } from "#gateway/records/api-key.ts";
import { createKey } from "#gateway/records/keys.ts";
import { putTenant } from "#gateway/records/tenants.ts";
import { systemChance as chance } from "#infra/runtime/chance.ts";
import { createFakeClock, type FakeClock } from "#test/support/fake-clock.ts";
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
const create = () => createKey(database, { actor, name: "ci", rights: usualRights, chance });

/** Its clock stands still, so that it reads only when it is told to. */
const open = (clock: FakeClock) =>
  openAccess({ source: { read: accessInPostgres({ database, url: postgres.url, clock }).read }, clock });

test("a tenant whose row somebody spoiled is gone, also for a gateway that starts after that", async () => {
  await putTenant(database, { actor, tenant: unboundedTenant("spoiled") });
  await using access = await open(createFakeClock());
  expect(access.tenant("spoiled")).toEqual(unboundedTenant("spoiled"));
  await database.query("UPDATE tenants SET limits = '[]' WHERE id = 'spoiled'", []);
  await access.refresh();
  await using later = await open(createFakeClock());
  expect([access.tenant("spoiled"), later.tenant("spoiled")]).toEqual(["gone", "gone"]);
  await putTenant(database, { actor, tenant: unboundedTenant("spoiled") });
  await access.refresh();
  expect(access.tenant("spoiled")).toEqual(unboundedTenant("spoiled"));
});

test("callers stay the same objects while a long transaction has their keys read again and again", async () => {
  const { text } = await create();
  await using access = await open(createFakeClock());
  const [began, ends] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const long = database.transaction(async (query) => {
    await query("SELECT pg_current_xact_id()", []);
    began.resolve();
    await ends.promise;
  });
  await began.promise;
  const { text: during } = await create();
  await access.refresh();
  const callers = [access.find(text), access.find(during)];
  for (let turn = 0; turn < 3; turn += 1) {
    await access.refresh();
    expect([access.find(text), access.find(during)].map((caller, at) => caller === callers[at])).toEqual([
      true,
      true,
    ]);
  }
  expect(callers).not.toContain(undefined);
  ends.resolve();
  await long;
});
