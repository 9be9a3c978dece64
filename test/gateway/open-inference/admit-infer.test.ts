import type { ServerResponse } from "node:http";
import { Hono } from "hono";
import { expect, test, vi } from "vitest";
import type { Admitted } from "#gateway/admission/admission.ts";
import type { GatewayEnv } from "#gateway/gateway-env.ts";
import { admitInfer } from "#gateway/open-inference/admit-infer.ts";
import type { Watch } from "#gateway/open-inference/deps.ts";
import { caller, perSecond, tenant } from "#test/support/callers.ts";
import { inferAnswer, json } from "#test/support/fake-backend.ts";
import { key, openGatewayApp } from "#test/support/gateway-app.ts";
import { routeOver } from "#test/support/routes.ts";

const path = "/v2/models/digits-s/infer";
const priced = { usdPerRequest: 0.000_003 };
const bounded = new Map([[key, caller({ tenant: tenant({ monthly: { nanoUsd: 6_000 } }) })]]);

/** Two images, which cost 6000 billionths. */
const body = JSON.stringify({ inputs: [{ name: "image", shape: [2], datatype: "BYTES", data: ["x", "y"] }] });

type Gateway = Awaited<ReturnType<typeof openGatewayApp>>;

function ask({ app }: Gateway, init: RequestInit = {}) {
  return app.request(path, { method: "POST", headers: { authorization: `Bearer ${key}` }, body, ...init });
}

/** Answers when the test says so, and tells when it was asked. */
function held() {
  const waiting: ServerResponse[] = [];
  const infer = (_: unknown, response: ServerResponse): void => void waiting.push(response);
  return { infer, asked: () => waiting.length };
}

test("who leaves while a backend has its request pays for it", async () => {
  await using gateway = await openGatewayApp({ callers: bounded, ...priced });
  const backend = held();
  gateway.state.infer = backend.infer;
  const leaving = new AbortController();
  const asking = ask(gateway, { signal: leaving.signal });
  await vi.waitFor(() => expect(backend.asked()).toBe(1));
  leaving.abort();
  expect((await asking).status).toBe(499);
  expect(gateway.usage.month("acme")).toEqual({ images: 0, nanoUsd: 6_000 });
  expect((await ask(gateway)).status).toBe(402);
});

test("whose time runs out while a backend has its request pays for it", async () => {
  await using gateway = await openGatewayApp({ ...priced, limits: { requestTimeout: "50ms" } });
  gateway.state.infer = held().infer;
  expect((await ask(gateway)).status).toBe(504);
  expect(gateway.usage.month("acme")).toEqual({ images: 0, nanoUsd: 6_000 });
});

test.each([
  ["fails", json(500, { error: "oh" }), 502],
  ["is full", json(503, { error: "full" }), 503],
  ["refuses the request", json(422, { error: "no" }), 422],
  ["breaks off", (_: unknown, response: ServerResponse) => void response.destroy(), 502],
] as const)("nothing is paid for what a backend that %s did not do", async (_, infer, status) => {
  await using gateway = await openGatewayApp({ callers: bounded, ...priced });
  gateway.state.infer = infer;
  expect((await ask(gateway)).status).toBe(status);
  expect(gateway.usage.month("acme")).toEqual({ images: 0, nanoUsd: 0 });
  gateway.state.infer = json(200, inferAnswer);
  await vi.waitFor(async () => expect((await ask(gateway)).status).toBe(200));
  expect(gateway.usage.month("acme")).toEqual({ images: 2, nanoUsd: 6_000 });
});

/** What is settled and counted of three images that go through these steps at up to 7 billionths each. */
async function account(...steps: readonly (keyof Watch)[]): Promise<unknown[]> {
  const told: unknown[] = [];
  const end: Admitted["end"] = (used) => void told.push({ nanoUsd: used?.nanoUsd, images: used?.images });
  const admit = admitInfer({
    admission: { admit: async () => ({ found: [], countedIn: "everywhere", headers: {}, end }) },
    usage: {
      count: ({ images, failed, cached, nanoUsd }) => void told.push({ images, failed, cached, nanoUsd }),
    },
  });
  const app = new Hono<GatewayEnv>().get("/", async (c) => {
    c.set("caller", caller());
    const route = routeOver([], { model: "m", nanoUsdEach: 7 });
    using admitted = await admit(c, { route, images: 3 });
    for (const step of steps) admitted[step]();
    return c.body(null);
  });
  await app.request("/");
  return told;
}

test("what was sent and not waited for costs the most it may, and shows as images that failed", async () => {
  for (const steps of [["sent"], ["sent", "failed", "sent"]] as const)
    expect(await account(...steps)).toEqual([
      { images: 0, nanoUsd: 21 },
      { images: 0, failed: 3, cached: 0, nanoUsd: 21 },
    ]);
});

test("what was never sent, or failed where it was sent, costs nothing", async () => {
  for (const steps of [[], ["sent", "failed"]] as const)
    expect(await account(...steps)).toEqual([
      { images: 0, nanoUsd: 0 },
      { images: 0, failed: 3, cached: 0, nanoUsd: 0 },
    ]);
});

test("answers tell what is left of each limit, and so do refusals of a backend", async () => {
  const callers = new Map([[key, caller({ limits: perSecond(1_000) })]]);
  await using gateway = await openGatewayApp({ callers });
  gateway.state.infer = json(200, inferAnswer);
  const answered = await ask(gateway);
  expect(answered.headers.get("ratelimit-policy")).toBe('"key";q=1000;w=1');
  expect(answered.headers.get("ratelimit")).toMatch(/^"key";r=998;t=\d$/);
  gateway.state.infer = json(503, { error: "full" }, { "retry-after": "7" });
  const refused = await ask(gateway);
  expect(refused.status).toBe(503);
  expect(refused.headers.get("ratelimit")).toMatch(/^"key";r=\d+;t=\d$/);
  expect(refused.headers.get("retry-after")).toBe("7");
});
