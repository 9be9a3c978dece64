import { Hono } from "hono";
import { expect, test } from "vitest";
import { authenticateRing, createAuthenticate } from "#gateway/admission/authenticate.ts";
import { jwtIssuer, openBearerTokens } from "#gateway/admission/bearer-tokens.ts";
import { scopeRing } from "#gateway/admission/permissions.ts";
import { unboundedTenant } from "#gateway/caller.ts";
import type { GatewayEnv } from "#gateway/gateway-env.ts";
import { answerProblem } from "#gateway/problem.ts";
import { usageRoutes } from "#gateway/routes/usage.ts";
import { openUsage } from "#gateway/usage/usage.ts";
import { createUsageInMemory } from "#gateway/usage/usage-in-memory.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { openHttpServer } from "#infra/runtime/http-server.ts";
import { startIdentityProvider } from "#test/support/fake-identity-provider.ts";

/** A door that takes tokens alone, with each tenant's own usage behind it. */
async function openDoor() {
  await using opening = new AsyncDisposableStack();
  const provider = opening.use(await startIdentityProvider({ now: systemClock.now }));
  provider.addKey("first");
  const issuer = jwtIssuer.parse({
    issuer: provider.issuer,
    audience: "tradewind",
    tenants: ["acme", "rival"],
  });
  const tenant = unboundedTenant;
  const tokens = opening.use(openBearerTokens([issuer], { clock: systemClock, tenant }));
  const store = createUsageInMemory();
  const usage = opening.use(await openUsage({ store, clock: systemClock }));
  const app = new Hono<GatewayEnv>();
  app.onError(answerProblem);
  app.use("*", authenticateRing(createAuthenticate({ access: { find: () => undefined }, tokens })));
  app.use("/v1/usage", scopeRing("usage"));
  app.route("/", usageRoutes({ usage, usageStore: store, clock: systemClock }));
  const server = opening.use(await openHttpServer({ fetch: app.fetch, host: "127.0.0.1", port: 0 }));
  const opened = opening.move();
  const ask = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${server.url}/v1/usage`, { headers });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  return { provider, usage, ask, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

test("each token sees the usage of its own tenant through the door, and a stranger's sees none", async () => {
  await using door = await openDoor();
  await using stranger = await startIdentityProvider({ now: systemClock.now });
  stranger.addKey("first");
  const counts = { keyId: "k", model: "digits", cached: 0, failed: 0, nanoUsd: 0 };
  door.usage.count({ ...counts, tenant: "acme", images: 3 });
  door.usage.count({ ...counts, tenant: "rival", images: 50 });
  const [acme, rival] = ["acme", "rival"].map((tenant) => door.provider.issue({ tenant }));
  expect((await door.ask(`${acme}`)).body).toMatchObject({ tenant: "acme", images: 3 });
  expect((await door.ask(`${rival}`)).body).toMatchObject({ tenant: "rival", images: 50 });
  const refused = [
    stranger.issue(),
    stranger.issue({ iss: door.provider.issuer }),
    door.provider.issue({ tenant: "third" }),
    door.provider.issue({ exp: 1 }),
  ];
  for (const token of refused) {
    const { status, body } = await door.ask(token);
    expect([status, body.code]).toEqual([401, "token_invalid"]);
    for (const part of token.split(".")) expect(JSON.stringify(body)).not.toContain(part);
  }
  const blind = await door.ask(door.provider.issue({ scope: "infer" }));
  expect([blind.status, blind.body.code]).toEqual([403, "forbidden"]);
});

test("a client with one token goes on while its issuer is away and after its keys rotated", async () => {
  await using door = await openDoor();
  const token = door.provider.issue();
  expect((await door.ask(token)).status).toBe(200);
  door.provider.addKey("second");
  expect((await door.ask(door.provider.issue({}, { kid: "second" }))).status).toBe(200);
  const asked = door.provider.requests.length;
  await door.provider.goAway();
  const answers = await Promise.all(Array.from({ length: 100 }, () => door.ask(token)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  const fresh = door.provider.issue({ sub: "bob" }, { kid: "second" });
  expect((await door.ask(fresh)).status).toBe(200);
  expect(door.provider.requests.length).toBe(asked);
});
