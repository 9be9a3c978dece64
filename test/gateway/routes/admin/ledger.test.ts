import { OpenAPIHono } from "@hono/zod-openapi";
import { afterEach, expect, test } from "vitest";
import { about } from "#gateway/document/about.ts";
import { decisionsAnswer, ledgerAnswer } from "#gateway/document/ledger-routes.ts";
import type { GatewayEnv } from "#gateway/gateway-env.ts";
import { createLedgerInMemory } from "#gateway/ledger/ledger-in-memory.ts";
import type { LedgerStore } from "#gateway/ledger/ledger-store.ts";
import { type Decisions, openDecisions } from "#gateway/ledger/open-decisions.ts";
import { answerProblem } from "#gateway/problem.ts";
import { readLedgerRow } from "#gateway/replay/traces/ledger.ts";
import { adminLedgerRoutes } from "#gateway/routes/admin/ledger.ts";
import { documentRoutes } from "#gateway/routes/document.ts";
import { caller, tenant } from "#test/support/callers.ts";
import { factsOf, laneOf, poolOf, pursue } from "#test/support/courses.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { type Document, undescribed } from "../../document/check-answer.ts";

const opened: Decisions[] = [];
afterEach(async () => {
  for (const decisions of opened.splice(0)) await decisions.close();
});

function open(store: LedgerStore = createLedgerInMemory()) {
  const clock = createFakeClock({ startAt: Date.UTC(2026, 0, 1, 10, 30) });
  const decisions = openDecisions({ store, clock });
  opened.push(decisions);
  const app = new OpenAPIHono<GatewayEnv>();
  app.onError(answerProblem);
  const state = { tenant: "default" };
  app.use(async (c, next) => {
    c.set("caller", caller({ tenant: tenant({ id: state.tenant }), scopes: new Set(["admin"]) }));
    c.set("requestId", "asking");
    await next();
  });
  app.route("/v1/admin", adminLedgerRoutes({ ledger: decisions, clock }));
  app.route(
    "/",
    documentRoutes(() => app.getOpenAPI31Document(about)),
  );
  const document = async () => (await (await app.request("/openapi.json")).json()) as Document;
  const get = async (path: string, as = "default") => {
    state.tenant = as;
    const answer = await app.request(`/v1/admin${path}`);
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
  const ask = (more: Parameters<typeof factsOf>[0] = {}, ms = 10) => {
    const pool = poolOf([laneOf("b", { usd: 1e-6 }), laneOf("c", { usd: 3e-6 })]);
    const { course, seen } = pursue(pool, () => ({ ms }), { at: clock.now() });
    decisions.record(course, factsOf({ seen, ...more }));
  };
  return { clock, decisions, document, get, ask };
}

test("the ledger's answer has what requests cost and took, as the document says", async () => {
  const { get, ask, document, clock } = open();
  ask();
  ask({}, 400);
  clock.advance(1);
  const answer = await get("/ledger?group_by=backend");
  expect(undescribed(await document(), "readLedger", answer)).toEqual([]);
  const body = ledgerAnswer.strict().parse(JSON.parse(answer.text));
  expect(body).toMatchObject({
    ...{ kept_by: "process", group_by: "backend", next_cursor: null },
    ...{ from: "2025-12-31T10:30:00.001Z", to: "2026-01-01T10:30:00.001Z" },
  });
  const requests = body.lines.reduce((sum, line) => sum + line.requests, 0);
  expect(requests).toBe(2);
  const [line] = body.lines;
  expect(line).toMatchObject({ name: "b", billed_usd: null, usd_per_million: expect.any(Number) });
  expect(line?.p50_ms).toBeGreaterThan(5);
});

test("the ledger is read page by page, and each name once", async () => {
  const { get, ask, clock } = open();
  for (const model of ["a", "b", "c", "d", "e"]) ask({ model });
  clock.advance(1);
  const names: string[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const next: string = cursor && `&cursor=${cursor}`;
    const page = ledgerAnswer.parse(JSON.parse((await get(`/ledger?group_by=model&limit=2${next}`)).text));
    names.push(...page.lines.map(({ name }) => name));
    cursor = page.next_cursor;
  }
  expect(names).toEqual(["a", "b", "c", "d", "e"]);
});

test("a tenant's administrator sees its own ledger and decisions alone, by whatever name it asks", async () => {
  const { get, ask, clock } = open();
  ask({ tenant: "acme", requestId: "same" });
  ask({ tenant: "other", requestId: "same" });
  ask({ tenant: "other", requestId: "secret" });
  clock.advance(1);
  const lines = ledgerAnswer.parse(JSON.parse((await get("/ledger?group_by=tenant", "acme")).text)).lines;
  expect(lines.map(({ name }) => name)).toEqual(["acme"]);
  const { decisions } = decisionsAnswer.parse(JSON.parse((await get("/decisions/same", "acme")).text));
  expect(decisions.map((one) => one.tenant)).toEqual(["acme"]);
  expect((await get("/ledger/export", "acme")).text.trim().split("\n")).toHaveLength(1);
  expect((await get("/decisions/secret", "acme")).status).toBe(404);
  for (const path of ["/ledger?tenant=other", "/ledger/export?tenant=other", "/decisions/same?tenant=other"])
    expect((await get(path, "acme")).status).toBe(403);
});

test("decisions are answered as the document says, one for each image", async () => {
  const { get, ask, document } = open();
  for (const image of [0, 1]) ask({ image });
  const answer = await get("/decisions/R1");
  expect(answer.status).toBe(200);
  expect(undescribed(await document(), "getDecisions", answer)).toEqual([]);
  const { decisions, kept_by } = decisionsAnswer.strict().parse(JSON.parse(answer.text));
  expect(kept_by).toBe("process");
  expect(decisions.map(({ image }) => image)).toEqual([0, 1]);
  expect(decisions[0]).toMatchObject({
    candidates: [{ backend: "b" }, { backend: "c" }],
    outcome: { answered_by: "b", usd: 1e-6, cheapest_other_usd: 3e-6 },
  });
});

test("an export is what the replay lab reads, line by line", async () => {
  const { get, ask, clock } = open();
  for (let n = 0; n < 2_500; n += 1) {
    ask({ requestId: `r${n}` });
    clock.advance(1);
  }
  const answer = await get("/ledger/export");
  expect(answer.headers.get("content-type")).toBe("application/x-ndjson");
  const lines = answer.text.trimEnd().split("\n");
  expect(lines).toHaveLength(2_500);
  const rows = lines.map(readLedgerRow);
  expect(rows.every((row) => typeof row === "object" && "moment" in row)).toBe(true);
  expect(rows[0]).toMatchObject({ bytes: 1_000, model: "digits-s", observedMs: 10 });
  expect(Object.keys(JSON.parse(lines[0] ?? "{}"))).toEqual([
    ...["at", "bytes", "model", "ms", "backend", "usd", "missed"],
  ]);
});

test("an export of nothing is empty", async () => {
  const { get } = open();
  expect(await get("/ledger/export")).toMatchObject({ status: 200, text: "" });
});

test.each([
  ["/ledger?from=yesterday", 422],
  ["/ledger?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", 422],
  ["/ledger?from=2020-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", 422],
  ["/ledger?group_by=key", 422],
  ["/ledger?group_by=constructor", 422],
  ["/ledger?limit=0", 422],
  ["/ledger?limit=1001", 422],
  ["/ledger?limit=10&limit=10", 422],
  ["/ledger?surprise=1", 422],
  [`/ledger?model=${"x".repeat(300)}`, 422],
  ["/ledger?model=%00", 422],
  ["/ledger?backend=a%00b", 422],
  ["/ledger?cursor=%00", 422],
  ["/ledger/export?limit=5", 422],
  ["/decisions/%00", 422],
  ["/decisions/a%2Fb", 422],
  ["/decisions/a%20b", 422],
  ["/decisions/%27%3B%20DROP%20TABLE%20decisions", 422],
  [`/decisions/${"x".repeat(129)}`, 422],
  ["/decisions/__proto__", 404],
  ["/decisions/R1?tenant=%7B", 422],
])("a reader of the ledger who asks for %s is answered with %i", async (path, status) => {
  const { get, document } = open();
  const answer = await get(path);
  expect(answer.status).toBe(status);
  const id = path.startsWith("/decisions") ? "getDecisions" : "readLedger";
  expect(undescribed(await document(), path.includes("export") ? "exportLedger" : id, answer)).toEqual([]);
});

test("a ledger that cannot be read is said to be away, and nothing of why", async () => {
  const away = () => Promise.reject(new Error("connect ECONNREFUSED postgres://user:secret@db"));
  const { get, document } = open({ ...createLedgerInMemory(), lines: away, find: away, exportPage: away });
  for (const [path, id] of [
    ["/ledger", "readLedger"],
    ["/ledger/export", "exportLedger"],
    ["/decisions/R9", "getDecisions"],
  ] as const) {
    const answer = await get(path);
    expect(answer.status).toBe(500);
    expect(answer.text).toContain("database_unavailable");
    expect(answer.text).not.toContain("secret");
    expect(undescribed(await document(), id, answer)).toEqual([]);
  }
});
