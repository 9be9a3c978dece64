import { afterAll, beforeAll, expect, test } from "vitest";
import { mostOwnKeys } from "#gateway/records/keys.ts";
import { auditAnswer, keyListAnswer, newKeyAnswer, tenantListAnswer } from "#gateway/routes/admin/schemas.ts";
import { type AdminCall, type AdminDoor, openAdminDoor } from "#test/support/admin-door.ts";

let door: AdminDoor;
let operator: AdminCall;
let acme: AdminCall;
beforeAll(async () => {
  door = await openAdminDoor();
  operator = door.as("default");
  acme = door.as("acme");
});
afterAll(async () => {
  await door?.[Symbol.asyncDispose]();
});

test("an administrator of a tenant sees that tenant's keys, bounds and audit alone", async () => {
  const [own, other] = [await door.make("acme"), await door.make("rival")];
  const keys = keyListAnswer.parse((await acme("GET", "/keys?revoked=true&limit=1000")).body).keys;
  expect(keys.map(({ id }) => id)).toContain(own.id);
  expect(new Set(keys.map(({ tenant }) => tenant))).toEqual(new Set(["acme"]));
  expect(JSON.stringify(keys)).not.toContain(other.id);
  const tenants = tenantListAnswer.parse((await acme("GET", "/tenants")).body).tenants;
  expect(tenants.map(({ id }) => id)).toEqual(["acme"]);
  const events = auditAnswer.parse((await acme("GET", "/audit?limit=1000")).body).events;
  expect(new Set(events.map(({ tenant }) => tenant))).toEqual(new Set(["acme"]));
  expect((await acme("GET", "/keys?tenant=acme")).status).toBe(200);
  for (const path of ["/keys?tenant=rival", "/audit?tenant=rival", "/keys?tenant=default"]) {
    expect(await acme("GET", path)).toMatchObject({ status: 403, body: { code: "forbidden" } });
  }
});

test("a foreign key, a foreign tenant and one that is not there look the same to a tenant's administrator", async () => {
  const other = await door.make("rival");
  const unknown = "0123456789ab";
  for (const [method, path, body] of [
    ["POST", "/keys/ID/rotate", {}],
    ["DELETE", "/keys/ID", undefined],
  ] as const) {
    const foreign = await acme(method, path.replace("ID", other.id), body);
    const missing = await acme(method, path.replace("ID", unknown), body);
    expect(foreign.status).toBe(404);
    expect(String(foreign.body?.detail).replace(other.id, unknown)).toBe(missing.body?.detail);
  }
  expect(door.access.find(other.key)).toMatchObject({ id: other.id });
  const foreign = await acme("GET", "/tenants/rival");
  const missing = await acme("GET", "/tenants/nobody");
  expect([foreign.status, missing.status]).toEqual([404, 404]);
  expect(String(foreign.body?.detail).replace("rival", "nobody")).toBe(missing.body?.detail);
});

test("an administrator of a tenant makes keys for it alone and changes no tenant's bounds, not even its own", async () => {
  await door.make("acme");
  await door.make("rival");
  const before = [await operator("GET", "/tenants/acme"), await operator("GET", "/tenants/rival")];
  const own = newKeyAnswer.parse((await acme("POST", "/keys", { name: "own" })).body);
  expect(own.tenant).toBe("acme");
  for (const [method, path, body] of [
    ["POST", "/keys", { name: "x", tenant: "rival" }],
    ["POST", "/keys", { name: "x", tenant: "default" }],
    ["PUT", "/tenants/acme", { concurrency: 1_000 }],
    ["PUT", "/tenants/rival", { concurrency: 1 }],
    ["PUT", "/tenants/default", {}],
    ["PUT", "/tenants/mine", {}],
    ["DELETE", "/tenants/acme", undefined],
    ["DELETE", "/tenants/rival", undefined],
  ] as const) {
    expect(await acme(method, path, body)).toMatchObject({ status: 403, body: { code: "forbidden" } });
  }
  const after = [await operator("GET", "/tenants/acme"), await operator("GET", "/tenants/rival")];
  expect(after.map(({ body }) => body)).toEqual(before.map(({ body }) => body));
  expect((await operator("GET", "/tenants/mine")).status).toBe(404);
});

test("an administrator of a tenant gives no right that it lacks, neither anew nor by rotation", async () => {
  const mighty = await door.make("acme", { scopes: ["infer", "metrics"] });
  const wide = await door.make("acme");
  const narrow = door.as("acme", { models: new Set(["digits-s"]) });
  const held = await door.make("acme", { models: ["digits-n"] });
  for (const [caller, path, body] of [
    [acme, "/keys", { name: "x", scopes: ["metrics"] }],
    [acme, "/keys", { name: "x", scopes: ["infer", "explain"] }],
    [acme, `/keys/${mighty.id}/rotate`, {}],
    [narrow, "/keys", { name: "x" }],
    [narrow, "/keys", { name: "x", models: ["digits-s", "digits-n"] }],
    [narrow, `/keys/${wide.id}/rotate`, {}],
    [narrow, `/keys/${held.id}/rotate`, {}],
  ] as const) {
    expect(await caller("POST", path, body)).toMatchObject({ status: 403, body: { code: "forbidden" } });
  }
  expect(await narrow("POST", "/keys", { name: "x", models: ["digits-s"] })).toMatchObject({ status: 201 });
  expect(await operator("POST", "/keys", { name: "x", scopes: ["metrics"] })).toMatchObject({ status: 201 });
});

test("an administrator of a tenant makes a thousand keys at most, an operator may make more", async () => {
  const first = await door.make("crowd");
  const fill =
    "INSERT INTO api_keys (id, name, hash, tenant) SELECT 'c' || n, 'many', encode(sha256(n::text::bytea), 'hex'), 'crowd' FROM generate_series(1, $1::int) n";
  await door.database.query(fill, [mostOwnKeys - 1]);
  const crowd = door.as("crowd");
  for (const path of ["/keys", `/keys/${first.id}/rotate`]) {
    const body = path === "/keys" ? { name: "x" } : {};
    expect(await crowd("POST", path, body)).toMatchObject({ status: 403, body: { code: "forbidden" } });
  }
  await door.database.query("UPDATE api_keys SET revoked_at = now() WHERE id = 'c1'");
  expect(await crowd("POST", "/keys", { name: "x" })).toMatchObject({ status: 201 });
  expect(await operator("POST", "/keys", { name: "x", tenant: "crowd" })).toMatchObject({ status: 201 });
});

test("an administrator whose own right ends makes and exchanges no key that outlives it", async () => {
  const expiresAt = door.clock.now() + 3_600_000;
  const until = (ms: number) => ({ expires_at: new Date(expiresAt + ms).toISOString() });
  await door.make("acme");
  for (const tenant of ["acme", "default"]) {
    const brief = door.as(tenant, { expiresAt });
    const own = newKeyAnswer.parse(
      (await brief("POST", "/keys", { name: "own", tenant: "acme", ...until(0) })).body,
    );
    for (const more of [{}, until(1)]) {
      const made = await brief("POST", "/keys", { name: "x", tenant: "acme", ...more });
      expect(made).toMatchObject({ status: 403, body: { code: "forbidden" } });
      expect(made.body?.detail).toContain(until(0).expires_at);
    }
    expect((await brief("POST", `/keys/${own.id}/rotate`, until(1))).status).toBe(403);
    expect((await brief("POST", `/keys/${own.id}/rotate`)).status).toBe(201);
  }
});
