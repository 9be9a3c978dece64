import { Hono } from "hono";
import { expect, test } from "vitest";
import { type Caller, type Tenant, unboundedTenant } from "#gateway/caller.ts";
import type { GatewayEnv } from "#gateway/gateway-env.ts";
import { answerProblem } from "#gateway/problem.ts";
import { usageAnswer, usageRoutes } from "#gateway/routes/usage.ts";
import { openUsage } from "#gateway/usage/usage.ts";
import { createUsageInMemory } from "#gateway/usage/usage-in-memory.ts";
import type { UsageStore } from "#gateway/usage/usage-store.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const startAt = Date.UTC(2026, 10, 21, 12);

function callerOf(tenant: Tenant): Caller {
  const rights = { scopes: new Set(["usage" as const]), models: "all" as const, origins: [] };
  return { id: "k1", tenant, ...rights, limits: { rates: [] } };
}

async function openDoor({ store = createUsageInMemory() }: { readonly store?: UsageStore } = {}) {
  const clock = createFakeClock({ startAt });
  const usage = await openUsage({ store, clock });
  const ask = async (tenant: Tenant, path: string) => {
    const app = new Hono<GatewayEnv>();
    app.onError(answerProblem);
    app.use(async (c, next) => {
      c.set("requestId", "r1");
      c.set("caller", callerOf(tenant));
      await next();
    });
    app.route("/", usageRoutes({ usage, usageStore: store, clock }));
    return await app.request(path);
  };
  return { usage, ask, clock };
}

const count = { keyId: "k1", model: "digits", cached: 0, failed: 0 };

test("a tenant sees its own usage to the last request, beside its bounds, and nobody else's", async () => {
  const { usage, ask } = await openDoor();
  usage.count({ ...count, tenant: "acme", images: 3, cached: 1, failed: 1, nanoUsd: 1_500_000 });
  usage.count({ ...count, tenant: "rival", images: 50, nanoUsd: 9_000_000 });
  const acme = { ...unboundedTenant("acme"), monthly: { images: 1_000, nanoUsd: 2_500_000_000 } };
  const answer = await ask(acme, "/v1/usage");
  expect(answer.status).toBe(200);
  const counts = { requests: 1, images: 3, cached: 1, failed: 1, usd: 0.0015 };
  const body = await answer.json();
  expect(usageAnswer.parse(body)).toEqual(body);
  expect(body).toEqual({
    tenant: "acme",
    month: "2026-11",
    ...counts,
    limits: { images: 1_000, usd: 2.5 },
    models: [{ name: "digits", ...counts }],
    days: [{ date: "2026-11-21", ...counts }],
  });
  await usage.close();
});

test("a tenant without bounds and without usage gets zeros", async () => {
  const { usage, ask } = await openDoor();
  const answer = await ask(unboundedTenant("new"), "/v1/usage?month=2026-10");
  expect(await answer.json()).toEqual({
    tenant: "new",
    month: "2026-10",
    requests: 0,
    images: 0,
    cached: 0,
    failed: 0,
    usd: 0,
    limits: {},
    models: [],
    days: [],
  });
  await usage.close();
});

test("a month that is wrong, doubled, to come or beyond the retention is refused, and so is a tenant's name", async () => {
  const { usage, ask } = await openDoor();
  const tenant = { ...unboundedTenant("acme"), retentionDays: 60 };
  const queries = [
    "month=2026-13",
    "month=",
    "month=2026-11-01",
    "month=2026-11&month=2026-10",
    "month=2026-12",
    "month=2026-08",
    "month=9999-01",
    "tenant=rival",
    "__proto__=1",
    `month=${"1".repeat(5_000)}`,
  ];
  for (const query of queries) {
    const answer = await ask(tenant, `/v1/usage?${query}`);
    expect([query, answer.status]).toEqual([query, 422]);
    const { code, detail } = (await answer.json()) as { code: string; detail: string };
    expect(code).toBe("parameter_invalid");
    expect(detail.length).toBeLessThan(200);
  }
  expect((await ask(tenant, "/v1/usage?month=2026-09")).status).toBe(200);
  await usage.close();
});

test("a database that is away is not named to who asks for usage", async () => {
  const store = createUsageInMemory();
  const report = () =>
    Promise.reject(
      new TradewindError("database_unavailable", "cannot reach PostgreSQL at postgres://db.internal"),
    );
  const { usage, ask } = await openDoor({ store: { ...store, report } });
  const answer = await ask(unboundedTenant("acme"), "/v1/usage");
  const text = await answer.text();
  expect(answer.status).toBe(500);
  expect(text).toContain("database_unavailable");
  expect(text).not.toContain("db.internal");
  await usage.close();
});
