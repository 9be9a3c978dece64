import { Hono } from "hono";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keylessCaller, unboundedTenant } from "#gateway/caller.ts";
import type { GatewayEnv } from "#gateway/gateway-env.ts";
import {
  auditAnswer,
  keyAnswer,
  keyListAnswer,
  newKeyAnswer,
  rotationAnswer,
  tenantAnswer,
} from "#gateway/routes/admin/schemas.ts";
import { adminRoutes } from "#gateway/routes/admin.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { type AdminCall, type AdminDoor, openAdminDoor } from "#test/support/admin-door.ts";

let door: AdminDoor;
let operator: AdminCall;
beforeAll(async () => {
  door = await openAdminDoor();
  operator = door.as("default");
});
afterAll(async () => {
  await door?.[Symbol.asyncDispose]();
});

test("a key that an operator makes opens the door at once, with the rights that were asked for", async () => {
  await operator("PUT", "/tenants/maker", {});
  const { status, headers, body } = await operator("POST", "/keys", {
    name: "page",
    tenant: "maker",
    scopes: ["infer"],
    models: ["digits-s"],
    origins: ["https://app.example.com"],
    expires_at: new Date(door.clock.now() + 5_000).toISOString(),
    limits: [{ requests: 10, per: "1m", burst: 3 }],
    concurrency: 2,
  });
  expect(status).toBe(201);
  expect(headers.get("cache-control")).toBe("no-store");
  const made = newKeyAnswer.strict().parse(body);
  expect(door.access.find(made.key)).toMatchObject({
    id: made.id,
    tenant: { id: "maker" },
    scopes: new Set(["infer"]),
    models: new Set(["digits-s"]),
    origins: ["https://app.example.com"],
    limits: { rates: [{ requests: 10, perMs: 60_000, burst: 3 }], concurrency: 2 },
  });
  expect(await door.auditOf("maker")).toMatchObject([
    { actor: "admin-of-default", action: "key.create", subject: made.id, tenant: "maker" },
    { actor: "admin-of-default", action: "tenant.create", subject: "maker" },
  ]);
  door.clock.advance(5_000);
  expect(door.access.find(made.key)).toBe("expired");
});

test("a key's text is in the answer that made it and nowhere else, and its hash nowhere", async () => {
  const made = await door.make("secretive");
  const rotated = rotationAnswer.parse((await operator("POST", `/keys/${made.id}/rotate`)).body);
  const pages = [
    await operator("GET", "/keys?tenant=secretive&revoked=true"),
    await operator("GET", "/audit?tenant=secretive"),
    await operator("GET", "/tenants/secretive"),
  ];
  const hashes = await door.database.query("SELECT hash FROM api_keys", [], {
    parse: (row) => (row as { hash: string }).hash,
  });
  const shown = JSON.stringify(pages.map(({ body }) => body));
  for (const secret of [made.key, rotated.key, made.key.slice(16), rotated.key.slice(16), ...hashes]) {
    expect(shown).not.toContain(secret);
  }
});

test("keys are listed page by page with what became of them", async () => {
  const made = [await door.make("listed"), await door.make("listed"), await door.make("listed")]
    .map(({ id }) => id)
    .sort();
  const [first = "", second = "", third = ""] = made;
  const rotated = rotationAnswer.parse(
    (await operator("POST", `/keys/${first}/rotate`, { overlap: "2h" })).body,
  );
  expect(await operator("DELETE", `/keys/${second}`)).toMatchObject({ status: 204, body: undefined });
  const seen: string[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const next: string = cursor && `&cursor=${cursor}`;
    const page = keyListAnswer.parse(
      (await operator("GET", `/keys?tenant=listed&revoked=true&limit=2${next}`)).body,
    );
    expect(page.keys.length).toBeLessThanOrEqual(2);
    seen.push(...page.keys.map(({ id }) => id));
    cursor = page.next_cursor;
  }
  expect(seen).toEqual([...made, rotated.id].sort());
  const live = keyListAnswer.parse((await operator("GET", "/keys?tenant=listed")).body).keys;
  expect(live.map(({ id }) => id).sort()).toEqual([first, third, rotated.id].sort());
  expect(keyAnswer.strict().parse(live.find(({ id }) => id === first))).toMatchObject({
    replaced_by: rotated.id,
    works_until: new Date(door.clock.now() + 7_200_000).toISOString(),
    revoked_at: null,
    last_used_at: null,
  });
});

test("a rotation overlaps for a day unless its body says otherwise", async () => {
  const made = await door.make("rotated");
  const { status, headers, body } = await operator("POST", `/keys/${made.id}/rotate`);
  expect(status).toBe(201);
  expect(headers.get("cache-control")).toBe("no-store");
  const rotated = rotationAnswer.strict().parse(body);
  expect(rotated).toMatchObject({
    replaces: made.id,
    replaced_works_until: new Date(door.clock.now() + 86_400_000).toISOString(),
  });
  expect(door.access.find(made.key)).toMatchObject({ id: made.id });
  expect(door.access.find(rotated.key)).toMatchObject({ id: rotated.id });
  expect(await operator("POST", `/keys/${made.id}/rotate`)).toMatchObject({
    status: 409,
    body: { code: "record_exists" },
  });
  const last = newKeyAnswer.parse(
    (await operator("POST", `/keys/${rotated.id}/rotate`, { overlap: "0" })).body,
  );
  expect(door.access.find(rotated.key)).toBe("expired");
  expect(await operator("DELETE", `/keys/${last.id}`)).toMatchObject({ status: 204 });
  expect(door.access.find(last.key)).toBeUndefined();
  expect(await operator("DELETE", `/keys/${last.id}`)).toMatchObject({
    status: 404,
    body: { code: "record_unknown" },
  });
});

test("what is read of a tenant can be sent again and changes nothing", async () => {
  const written = {
    limits: [
      { requests: 100, per: "1s", burst: 20 },
      { requests: 7, per: "1500ms" },
    ],
    concurrency: 8,
    models: { "digits-s": { limits: [{ requests: 5, per: "2h" }], concurrency: 1 } },
    monthly: { images: 1_000, usd: 5.25 },
    retention_days: 30,
  };
  expect(await operator("PUT", "/tenants/again", written)).toMatchObject({ status: 201 });
  const { body } = await operator("GET", "/tenants/again");
  const { id, created_at, ...rest } = tenantAnswer.strict().parse(body);
  expect(id).toBe("again");
  expect(rest).toEqual({
    ...written,
    limits: [
      { requests: 100, per: "1s", burst: 20 },
      { requests: 7, per: "1500ms", burst: 7 },
    ],
    models: { "digits-s": { limits: [{ requests: 5, per: "2h", burst: 5 }], concurrency: 1 } },
  });
  expect(await operator("PUT", "/tenants/again", rest)).toMatchObject({ status: 200, body });
  expect(door.access.tenant("again")).toMatchObject({ monthly: { images: 1_000, nanoUsd: 5_250_000_000 } });
  expect(created_at).toMatch(/Z$/);
});

test("a tenant is deleted only without live keys, and then knows nobody", async () => {
  const made = await door.make("deleted");
  expect(await operator("DELETE", "/tenants/deleted")).toMatchObject({
    status: 409,
    body: { code: "record_exists" },
  });
  await operator("DELETE", `/keys/${made.id}`);
  expect(await operator("DELETE", "/tenants/deleted")).toMatchObject({ status: 204 });
  expect(await operator("DELETE", "/tenants/deleted")).toMatchObject({ status: 404 });
  expect(await operator("GET", "/tenants/deleted")).toMatchObject({ status: 404 });
  expect(await operator("POST", "/keys", { name: "x", tenant: "deleted" })).toMatchObject({ status: 404 });
  expect(door.access.tenant("deleted")).toBe("gone");
  expect(await operator("DELETE", "/tenants/default")).toMatchObject({ status: 403 });
});

test("the audit is paged from the newest on and can begin at a moment", async () => {
  for (const name of ["a", "b", "c"]) await door.make("paged", { name });
  const all = await door.auditOf("paged");
  expect(all.length).toBe(6);
  const first = auditAnswer.parse((await operator("GET", "/audit?tenant=paged&limit=4")).body);
  const second = auditAnswer.parse(
    (await operator("GET", `/audit?tenant=paged&limit=4&cursor=${first.next_cursor}`)).body,
  );
  expect([...first.events, ...second.events]).toEqual(all);
  expect(second.next_cursor).toBeNull();
  const tomorrow = encodeURIComponent(new Date(Date.now() + 86_400_000).toISOString());
  expect((await operator("GET", `/audit?tenant=paged&since=${tomorrow}`)).body?.events).toEqual([]);
  const yesterday = encodeURIComponent(new Date(Date.now() - 86_400_000).toISOString());
  expect((await operator("GET", `/audit?tenant=paged&since=${yesterday}`)).body?.events).toEqual(all);
});

test("a change stands and is answered though this gateway cannot read it back at once", async () => {
  const app = new Hono<GatewayEnv>();
  app.use(async (c, next) => {
    c.set("caller", { ...keylessCaller(unboundedTenant("default")), keyless: false });
    await next();
  });
  const access = { refresh: () => Promise.reject(new Error("away")) };
  const { database, clock, ledger } = door;
  app.route("/", adminRoutes({ database, access, clock, ledger, chance: systemChance }));
  const answer = await app.request("/keys", { method: "POST", body: JSON.stringify({ name: "x" }) });
  expect(answer.status).toBe(201);
});
