import { Hono } from "hono";
import { type Access, openAccess } from "#gateway/admission/access.ts";
import { type Caller, type Scope, unboundedTenant } from "#gateway/caller.ts";
import type { GatewayEnv } from "#gateway/gateway-env.ts";
import { createLedgerInMemory } from "#gateway/ledger/ledger-in-memory.ts";
import { type Decisions, openDecisions } from "#gateway/ledger/open-decisions.ts";
import { answerProblem } from "#gateway/problem.ts";
import { accessInPostgres } from "#gateway/records/access-in-postgres.ts";
import { migrations } from "#gateway/records/open-records.ts";
import { auditAnswer, newKeyAnswer } from "#gateway/routes/admin/schemas.ts";
import { type AdminRoutesDeps, adminRoutes } from "#gateway/routes/admin.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { type Database, openDatabase } from "#infra/runtime/postgres/database.ts";
import { migrate } from "#infra/runtime/postgres/migrate.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import { startPostgres } from "./postgres.ts";

export type AdminRights = {
  readonly scopes?: readonly Scope[];
  readonly models?: Caller["models"];
  readonly expiresAt?: number;
};

export type AdminAnswer = {
  readonly status: number;
  readonly headers: Headers;
  /** Whatever the JSON is: a test looks at it through a schema or a matcher. */
  readonly body: Record<string, unknown> | undefined;
};

export type AdminCall = (method: string, path: string, body?: object) => Promise<AdminAnswer>;

/** The administrators' routes on a real database, and the snapshot that they change, under a clock of the test's. */
export type AdminDoor = AsyncDisposable & {
  readonly database: Database;
  readonly url: string;
  readonly access: Access;
  readonly clock: FakeClock;
  readonly ledger: Decisions;
  /** The routes as some tenant's administrator meets them. */
  readonly as: (tenant: string, rights?: AdminRights) => AdminCall;
  /** A key of a tenant, both made by an operator. */
  readonly make: (tenant: string, more?: object) => Promise<ReturnType<typeof newKeyAnswer.parse>>;
  readonly auditOf: (tenant: string) => Promise<ReturnType<typeof auditAnswer.parse>["events"]>;
};

export async function openAdminDoor(more: Pick<AdminRoutesDeps, "firstRoot"> = {}): Promise<AdminDoor> {
  const opened = new AsyncDisposableStack();
  const { url } = opened.use(await startPostgres());
  const database = opened.use(await openDatabase({ url }));
  await migrate(database, migrations);
  const clock = createFakeClock({ startAt: Date.now() });
  const { read } = accessInPostgres({ database, url, clock: systemClock });
  const access = opened.use(await openAccess({ source: { read }, clock }));
  const ledger = opened.use(openDecisions({ store: createLedgerInMemory(), clock }));
  const routes = adminRoutes({ database, access, clock, ledger, chance: systemChance, ...more });
  const as: AdminDoor["as"] = (tenant, rights) => callAs(adminOf(tenant, rights), routes);
  const operator = as("default");
  return {
    database,
    url,
    access,
    clock,
    ledger,
    as,
    make: async (tenant, more = {}) => {
      await operator("PUT", `/tenants/${tenant}`, {});
      return newKeyAnswer.parse((await operator("POST", "/keys", { name: "ci", tenant, ...more })).body);
    },
    auditOf: async (tenant) =>
      auditAnswer.parse((await operator("GET", `/audit?tenant=${tenant}`)).body).events,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function adminOf(
  tenant: string,
  { scopes = ["admin", "infer", "usage"], models = "all", expiresAt }: AdminRights = {},
): Caller {
  return {
    id: `admin-of-${tenant}`,
    tenant: unboundedTenant(tenant),
    scopes: new Set(scopes),
    models,
    origins: [],
    limits: { rates: [] },
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

function callAs(caller: Caller, routes: Hono<GatewayEnv>): AdminCall {
  const app = new Hono<GatewayEnv>();
  app.onError(answerProblem);
  app.use(async (c, next) => {
    c.set("caller", caller);
    await next();
  });
  app.route("/v1/admin", routes);
  return async (method, path, body) => {
    const init = { method, ...(body && { body: JSON.stringify(body) }) };
    const answer = await app.request(`/v1/admin${path}`, init);
    const text = await answer.text();
    return {
      status: answer.status,
      headers: answer.headers,
      body: text === "" ? undefined : JSON.parse(text),
    };
  };
}
