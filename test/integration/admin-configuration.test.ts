import { Hono } from "hono";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Caller, unboundedTenant } from "#gateway/caller.ts";
import { parseConfig } from "#gateway/config.ts";
import type { GatewayEnv } from "#gateway/gateway-env.ts";
import { answerProblem } from "#gateway/problem.ts";
import { readAudit } from "#gateway/records/audit.ts";
import { listConfigurations } from "#gateway/records/configurations.ts";
import { adminConfigurationRoutes } from "#gateway/routes/admin/configuration.ts";
import {
  configurationAnswer,
  historyAnswer,
  publishedAnswer,
} from "#gateway/routes/admin/configuration-schemas.ts";
import { configText } from "#test/support/live-fleet.ts";
import { type MigratedPostgres, startMigratedPostgres } from "#test/support/migrated-postgres.ts";

let records: MigratedPostgres;
let database: MigratedPostgres["database"];
beforeAll(async () => {
  records = await startMigratedPostgres();
  ({ database } = records);
});
afterAll(() => records?.[Symbol.asyncDispose]());
beforeEach(async () => {
  await database.query("ALTER TABLE configurations DISABLE TRIGGER ALL");
  await database.query("DELETE FROM configurations");
  await database.query("ALTER TABLE configurations ENABLE TRIGGER ALL");
});

const history = async () =>
  (await listConfigurations(database.query, { most: 100 })).map(({ version, source }) => [version, source]);
const good = (name: string): string => configText({ [name]: "http://127.0.0.1:1" });

const serving = { version: 0, sha256: "", since: 0, waitsForRestart: ["limits"] };

/** The room as somebody meets it. */
function doorOf({ tenant = "default", isFile = false } = {}) {
  const app = new Hono<GatewayEnv>();
  app.onError(answerProblem);
  app.use(async (c, next) => {
    const scopes = new Set(["admin"] as const);
    const bounds = { tenant: unboundedTenant(tenant), origins: [], limits: { rates: [] } };
    c.set("caller", { id: "0123456789ab", scopes, models: "all", ...bounds } satisfies Caller);
    await next();
  });
  let caughtUp = 0;
  const configuration = {
    status: () => {
      const parts = {
        config: parseConfig(good("a"), { file: "x" }),
        fleet: { routes: new Map() },
        directory,
      };
      return {
        served: { ...serving, ...parts },
        troubles: [{ of: "file", problem: "no", since: 0 } as const],
      };
    },
    catchUp: async () => {
      caughtUp += 1;
    },
    check: async (text: string, file = "x") => parseConfig(text, { file }),
  };
  app.route("/", adminConfigurationRoutes(isFile ? { database: undefined } : { database, configuration }));
  const call = async (method: string, path: string, body?: string, headers: Record<string, string> = {}) => {
    const answer = await app.request(path, { method, headers, ...(body !== undefined && { body }) });
    const text = await answer.text();
    const json = answer.headers.get("content-type")?.includes("json") ? JSON.parse(text) : {};
    return { status: answer.status, text, json, etag: answer.headers.get("etag") };
  };
  const put = (text: string, headers = {}) =>
    call("PUT", "/configuration", text, { "content-type": "application/yaml", ...headers });
  return { call, put, caughtUp: () => caughtUp };
}

const directory: Awaited<ReturnType<typeof emptyDirectory>> = emptyDirectory();

function emptyDirectory() {
  const close = async (): Promise<void> => {};
  return {
    find: () => undefined,
    findVersion: async () => undefined,
    lastHeard: () => undefined,
    revision: () => 0,
    complete: () => true,
    useful: () => true,
    close,
    [Symbol.asyncDispose]: close,
  };
}

test("an operator publishes, reads, compares and rolls back through the administrators' door", async () => {
  const { call, put, caughtUp } = doorOf();
  expect((await call("GET", "/configuration")).json.code).toBe("record_unknown");
  const first = await put(good("a"));
  expect(first).toMatchObject({ status: 201, etag: '"1"' });
  expect(publishedAnswer.parse(first.json)).toMatchObject({ version: 1, is_new: true, source: "admin" });
  expect((await put(good("a"))).status).toBe(200);
  const second = await put(good("b"), { "if-match": '"1"', "content-type": "text/yaml; charset=utf-8" });
  expect(second).toMatchObject({ status: 201, etag: '"2"' });
  expect(caughtUp()).toBe(3);
  const seen = configurationAnswer.parse((await call("GET", "/configuration")).json);
  expect(seen).toMatchObject({ version: 2, text: good("b"), troubles: [{ of: "file", version: null }] });
  expect(seen.served).toMatchObject({ waits_for_restart: ["limits"], since: "1970-01-01T00:00:00.000Z" });
  const { text } = await call("GET", "/configuration/diff?from=1&to=2");
  expect(text).toContain("--- version 1\n+++ version 2\n@@ -1,1 +1,1 @@\n-");
  expect((await call("GET", "/configuration/diff")).text).toBe(text);
  expect((await call("GET", "/configuration/diff?to=1")).text).toContain("--- nothing\n+++ version 1\n");
  expect((await call("POST", "/configuration/rollback")).json).toMatchObject({
    version: 3,
    source: "rollback",
  });
  expect((await call("POST", "/configuration/rollback", '{"to":2}')).json).toMatchObject({ version: 4 });
  expect((await call("GET", "/configuration/1")).json).toMatchObject({ version: 1, text: good("a") });
  const page = historyAnswer.parse((await call("GET", "/configuration/history?limit=2")).json);
  expect(page.versions.map(({ version }) => version)).toEqual([4, 3]);
  const rest = await call("GET", `/configuration/history?cursor=${page.next_cursor}`);
  expect(historyAnswer.parse(rest.json)).toMatchObject({ versions: [{ version: 2 }, { version: 1 }] });
});

test("whatever is changed is in the audit, with its hash and without its text", async () => {
  const { put, call } = doorOf();
  await put(good("audited-name"));
  await put(good("b"));
  await call("POST", "/configuration/rollback");
  const events = await readAudit(database.query, { tenant: "default", most: 3 });
  expect(events.map(({ action, subject, actor: who }) => [action, subject, who])).toEqual([
    ["configuration.rollback", "3", "0123456789ab"],
    ["configuration.publish", "2", "0123456789ab"],
    ["configuration.publish", "1", "0123456789ab"],
  ]);
  expect(events[0]?.details).toMatchObject({
    from: 2,
    to: 1,
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(JSON.stringify(events)).not.toContain("audited-name");
});

test("a wrong configuration is answered with all its problems at their places, and published nowhere", async () => {
  const { put, caughtUp } = doorOf();
  const wrong = ["models: {}", "providers: { a: { kind: moon } }", "routes: []", "speed: 1"].join("\n");
  const { status, json } = await put(wrong);
  expect({ status, code: json.code }).toEqual({ status: 422, code: "parameter_invalid" });
  for (const part of ["configuration:2:", "configuration:3:", "configuration:4:1", '"moon"', '"speed"']) {
    expect(json.detail).toContain(part);
  }
  expect(await history()).toEqual([]);
  expect(caughtUp()).toBe(0);
});

test.each([
  ["another type", { "content-type": "application/json" }, "x", 422, "parameter_invalid"],
  ["an empty body", {}, "", 400, "body_empty"],
  ["a body of more than a mebibyte", {}, "x".repeat(1_048_577), 413, "body_too_large"],
  ["another version than the newest", { "if-match": '"7"' }, good("a"), 409, "record_exists"],
  ["a version that is none", { "if-match": "seven" }, good("a"), 422, "parameter_invalid"],
])("a configuration with %s is refused", async (_, headers, text, status, code) => {
  const answer = await doorOf().put(text, headers);
  expect({ status: answer.status, code: answer.json.code }).toEqual({ status, code });
  expect(await history()).toEqual([]);
});

test.each([
  ["GET", "/configuration/0", 422],
  ["GET", "/configuration/9", 404],
  ["GET", "/configuration/x", 422],
  ["GET", "/configuration/history?limit=101", 422],
  ["GET", "/configuration/history?limit=1&limit=2", 422],
  ["GET", "/configuration/history?speed=1", 422],
  ["GET", "/configuration/diff?from=9", 404],
  ["GET", "/configuration/diff?to=9", 404],
  ["POST", "/configuration/rollback", 404],
])("%s %s with nothing published is answered with %i", async (method, path, status) => {
  expect((await doorOf().call(method, path)).status).toBe(status);
});

test("a tenant's own administrator neither sees nor changes the configuration of all", async () => {
  const { call, put } = doorOf({ tenant: "else" });
  const calls = [
    call("GET", "/configuration"),
    put(good("a")),
    call("GET", "/configuration/history"),
    call("GET", "/configuration/1"),
    call("GET", "/configuration/diff"),
    call("POST", "/configuration/rollback"),
  ];
  expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([403, 403, 403, 403, 403, 403]);
});

test("a gateway without a database refuses its history and says where the configuration is changed", async () => {
  const { json } = await doorOf({ isFile: true }).put(good("a"));
  expect(json).toMatchObject({ status: 403, detail: expect.stringContaining("change its file") });
});
