import { request, type ServerResponse } from "node:http";
import { expect, test, vi } from "vitest";
import type { Access } from "#gateway/admission/access.ts";
import { jwtIssuer, openBearerTokens } from "#gateway/admission/bearer-tokens.ts";
import type { TenantOnRecord } from "#gateway/caller.ts";
import { openDoors } from "#gateway/open-doors.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { caller, tenant } from "#test/support/callers.ts";
import { inferAnswer, json } from "#test/support/fake-backend.ts";
import { detectPath, key, openGatewayApp, tinyJpeg } from "#test/support/gateway-app.ts";

const page = "https://shop.example.com";
const tokenPage = "https://desk.example.com";

/** A public door and one that stands for a tenant, over a backend that answers as the test says. */
async function open(found: () => TenantOnRecord = () => tenant()) {
  const stack = new AsyncDisposableStack();
  const gateway = stack.use(await openGatewayApp());
  const access: Access = {
    find: (shown) => (shown === key ? caller() : undefined),
    tenant: found,
    describesTenants: () => true,
    origins: () => new Set([page]),
    refresh: async () => {},
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
  const tokens = stack.use(openBearerTokens([], { clock: gateway.deps.clock, tenant: found }));
  const issuer = jwtIssuer.parse({
    issuer: "https://id.example.com",
    audience: "tradewind",
    origins: [tokenPage],
  });
  const listeners = [{ address: "127.0.0.1:0", tenant: "acme", hosts: ["cameras.example"], admin: false }];
  const doors = stack.use(
    await openDoors({
      config: { ...gateway.config, listeners, access: { jwt: [issuer] } },
      address: { host: "127.0.0.1", port: 0 },
      access,
      tokens,
      deps: { ...gateway.deps, access },
    }),
  );
  const post = async (url: string, headers: Record<string, string> = {}) => {
    const body = new Uint8Array(await tinyJpeg());
    const answer = await fetch(url + detectPath, { method: "POST", body, headers });
    return { status: answer.status, headers: answer.headers, body: await answer.json() };
  };
  const [own = ""] = doors.others;
  return { gateway, doors, own, post, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test("all doors close together, however long one of them is busy", async () => {
  await using opened = await open();
  const { gateway, doors, own, post } = opened;
  const held: ServerResponse[] = [];
  gateway.state.infer = (_, response) => void held.push(response);
  const busy = post(doors.url, { authorization: `Bearer ${key}` });
  await vi.waitFor(() => expect(held.length).toBe(1));
  const closing = doors[Symbol.asyncDispose]();
  await vi.waitFor(async () => {
    const refused = await Promise.allSettled([fetch(`${doors.url}/livez`), fetch(`${own}/livez`)]);
    expect(refused.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });
  for (const response of held) json(200, inferAnswer)(response.req, response);
  expect((await busy).status).toBe(200);
  await closing;
});

test("a tenant's own door lets in who shows nothing, and nobody once the tenant was deleted", async () => {
  let found: TenantOnRecord = tenant();
  await using opened = await open(() => found);
  expect((await opened.post(opened.own)).status).toBe(200);
  found = "gone";
  const refused = await opened.post(opened.own);
  expect([refused.status, refused.body]).toEqual([403, expect.objectContaining({ code: "forbidden" })]);
  const usage = await fetch(`${opened.own}/v1/usage`);
  expect(usage.status).toBe(403);
});

test("a door whose tenant is not on record says so once when it opens", async () => {
  const told: unknown[] = [];
  const stop = sideConcernSkipped.subscribe(({ what, detail, error }) =>
    told.push([what, detail, `${error}`]),
  );
  await using opened = await open(() => undefined);
  await opened.post(opened.own);
  stop();
  expect(told).toEqual([
    ["letting a tenant in without a key", "127.0.0.1:0", expect.stringContaining("acme")],
  ]);
});

test("a page of a listed origin reads why its key was refused at the door for images as well", async () => {
  await using opened = await open();
  const { status, headers } = await opened.post(opened.doors.url, {
    origin: page,
    authorization: "Bearer no",
  });
  expect([status, headers.get("access-control-allow-origin")]).toEqual([401, page]);
  const other = await opened.post(opened.doors.url, { origin: "https://evil.example" });
  expect([other.status, other.headers.get("access-control-allow-origin")]).toEqual([401, null]);
});

/** The status of a request that names another host than the address it goes to, as no fetch can. */
function statusFor(url: string, host: string, method: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.once("error", reject);
    asked.end(method === "POST" ? "no image" : undefined);
  });
}

test("a tenant's own door is closed to names that it does not know, for questions and images alike", async () => {
  await using opened = await open();
  const ask = (host: string) =>
    Promise.all([
      statusFor(opened.own + detectPath, host, "POST"),
      statusFor(`${opened.own}/v1/usage`, host, "GET"),
      statusFor(`${opened.own}/v2/models/digits-s/config`, host, "GET"),
    ]);
  expect(await ask("rebound.example")).toEqual([403, 403, 403]);
  expect(await ask("cameras.example:8081")).toEqual([415, 200, 200]);
  expect(await ask("localhost")).toEqual([415, 200, 200]);
});

test("a page that only a token's issuer lists is told that it may ask", async () => {
  await using opened = await open();
  const headers = { origin: tokenPage, "access-control-request-method": "POST" };
  const answer = await fetch(opened.doors.url + detectPath, { method: "OPTIONS", headers });
  expect(answer.headers.get("access-control-allow-origin")).toBe(tokenPage);
});
