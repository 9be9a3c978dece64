import { Hono } from "hono";
import { expect, test } from "vitest";
import { type Caller, unboundedTenant } from "#gateway/caller.ts";
import type { GatewayEnv } from "#gateway/gateway-env.ts";
import { answerProblem } from "#gateway/problem.ts";
import { adminRoutes } from "#gateway/routes/admin.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const caller: Caller = {
  id: "0123456789ab",
  tenant: unboundedTenant("default"),
  scopes: new Set(["admin"]),
  models: "all",
  origins: [],
  limits: { rates: [] },
};

/** Whatever is refused must be refused before it. */
const untouched: Database = {
  query: () => Promise.reject(new Error("the database was asked")),
  transaction: () => Promise.reject(new Error("the database was asked")),
  close: async () => {},
  [Symbol.asyncDispose]: async () => {},
};

const nobody = () => Promise.resolve([]);
const noLedger = {
  ...{ isShared: false, lines: nobody, find: nobody },
  exportPage: async () => ({ lines: [], next: undefined }),
};

function adminOf(database: Database | undefined) {
  const app = new Hono<GatewayEnv>();
  app.onError(answerProblem);
  app.use(async (c, next) => {
    c.set("caller", caller);
    await next();
  });
  const access = { refresh: async () => {} };
  const clock = createFakeClock();
  app.route("/v1/admin", adminRoutes({ database, access, clock, ledger: noLedger, chance: systemChance }));
  return async (method: string, path: string, body?: string) => {
    const answer = await app.request(`/v1/admin${path}`, { method, ...(body !== undefined && { body }) });
    return { status: answer.status, problem: (await answer.json()) as { code: string; detail: string } };
  };
}

const send = adminOf(untouched);

test.each([
  ["POST", "/keys"],
  ["GET", "/keys"],
  ["POST", "/keys/0123456789ab/rotate"],
  ["DELETE", "/keys/0123456789ab"],
  ["GET", "/tenants"],
  ["GET", "/tenants/acme"],
  ["PUT", "/tenants/acme"],
  ["DELETE", "/tenants/acme"],
  ["GET", "/audit"],
])("without a database %s %s says that records are in a file", async (method, path) => {
  const { status, problem } = await adminOf(undefined)(method, path, method === "GET" ? undefined : "{}");
  expect(status).toBe(403);
  expect(problem).toMatchObject({ code: "forbidden", detail: expect.stringContaining("records: file") });
});

test("all that is wrong with a body is said at once", async () => {
  const body = {
    name: "",
    scopes: ["root"],
    models: [],
    origins: ["x"],
    limits: [{ requests: 0, per: "1" }],
    no: 1,
  };
  const { status, problem } = await send("POST", "/keys", JSON.stringify(body));
  expect(status).toBe(422);
  expect(problem.code).toBe("parameter_invalid");
  for (const place of [
    "name: ",
    "scopes.0: ",
    "models",
    "origins.0: ",
    "limits.0.requests: ",
    "limits.0.per: ",
    '"no"',
  ]) {
    expect(problem.detail).toContain(place);
  }
});

test("a body with thousands of problems gets a short answer", async () => {
  const fields = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`m ${n}`, {}]));
  const { status, problem } = await send("PUT", "/tenants/acme", JSON.stringify({ models: fields }));
  expect(status).toBe(422);
  expect(problem.detail.length).toBeLessThan(8_000);
  expect(problem.detail).toMatch(/and \d+ more$/);
});

test.each([
  ["no JSON", "{", 400, "request_malformed"],
  ["nothing", "", 400, "body_empty"],
  ["a list", "[]", 422, "parameter_invalid"],
  ["null", "null", 422, "parameter_invalid"],
  ["a name of two lines", '{"name":"a\\nb"}', 422, "parameter_invalid"],
  ["a planted prototype", '{"name":"x","__proto__":{"scopes":["admin"]}}', 422, "parameter_invalid"],
  ["an expiry that is over", '{"name":"x","expires_at":"2020-01-01T00:00:00Z"}', 422, "parameter_invalid"],
  ["more bytes than any key needs", `{"name":"${"x".repeat(140_000)}"}`, 413, "body_too_large"],
])("a new key with a body of %s is refused", async (_, body, status, code) => {
  expect(await send("POST", "/keys", body)).toMatchObject({ status, problem: { code } });
});

test.each([
  ["an id that is none", "DELETE", "/keys/x"],
  ["an id with a quote", "POST", "/keys/0123456789a'/rotate"],
  ["a tenant with braces", "GET", "/tenants/%7Ba%7D"],
  ["a tenant's name that is too long", "GET", `/tenants/${"a".repeat(65)}`],
  ["a page of nothing", "GET", "/keys?limit=0"],
  ["a page that is too long", "GET", "/keys?limit=1001"],
  ["a cursor of another list", "GET", "/audit?cursor=abc"],
  ["a cursor beyond all numbers", "GET", "/audit?cursor=99999999999999999999"],
  ["a moment that is none", "GET", "/audit?since=yesterday"],
  ["a parameter that stands there twice", "GET", "/keys?tenant=a&tenant=b"],
  ["a parameter that there is not", "GET", "/audit?actor=me"],
  ["an overlap without a unit", "POST", "/keys/0123456789ab/rotate", '{"overlap":"24"}'],
  ["an overlap without end", "POST", "/keys/0123456789ab/rotate", '{"overlap":"91d"}'],
  ["a retention of no days at all", "PUT", "/tenants/acme", '{"retention_days":0}'],
  ["half an image", "PUT", "/tenants/acme", '{"monthly":{"images":0.5}}'],
  ["money below nothing", "PUT", "/tenants/acme", '{"monthly":{"usd":-1}}'],
])("administration refuses %s", async (_, method, path, body?: string) => {
  expect(await send(method, path, body)).toMatchObject({
    status: 422,
    problem: { code: "parameter_invalid" },
  });
});
