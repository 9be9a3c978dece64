import { expect, test } from "vitest";
import { corsHeaders, listedOrigins } from "#gateway/admission/cors.ts";
import { caller } from "#test/support/callers.ts";
import { key, openGatewayApp } from "#test/support/gateway-app.ts";

const page = "https://shop.example.com";

test("a page that the key lists may read the answer, and is told which headers", () => {
  expect(corsHeaders(caller({ origins: [page] }), page)).toMatchObject({
    "access-control-allow-origin": page,
    vary: "origin",
    "access-control-expose-headers": expect.stringContaining("cache-status"),
  });
});

test("a page that the key does not list is refused, and a program that is no page is not", () => {
  const listed = caller({ origins: [page] });
  expect(() => corsHeaders(listed, "https://evil.example.com")).toThrow(
    expect.objectContaining({ code: "origin_forbidden" }),
  );
  expect(corsHeaders(listed, undefined)).toEqual({});
});

test("a key that lists no page gives no page leave to read, and a door without keys refuses pages", () => {
  expect(corsHeaders(caller(), page)).toEqual({});
  expect(() => corsHeaders(caller({ keyless: true }), page)).toThrow(/origin/);
});

test("a preflight is answered for pages that some key lists, without a key, and for no other", async () => {
  await using gateway = await openGatewayApp({ origins: [page] });
  const ask = (origin: string) =>
    gateway.send({
      method: "OPTIONS",
      headers: { authorization: "", origin, "access-control-request-method": "POST" },
    });
  const allowed = await ask(page);
  expect({ status: allowed.status, origin: allowed.headers.get("access-control-allow-origin") }).toEqual({
    status: 204,
    origin: page,
  });
  expect(allowed.headers.get("access-control-allow-headers")).toContain("idempotency-key");
  expect((await ask("https://evil.example.com")).headers.get("access-control-allow-origin")).toBeNull();
});

test("an answer to a listed page carries its origin, also when it is a refusal", async () => {
  const callers = new Map([[key, caller({ origins: [page] })]]);
  await using gateway = await openGatewayApp({ origins: [page], callers });
  const good = await gateway.send({ headers: { origin: page } });
  expect({ status: good.status, origin: good.headers.get("access-control-allow-origin") }).toEqual({
    status: 200,
    origin: page,
  });
  const bad = await gateway.send({ headers: { origin: page }, body: "no image" });
  expect({ status: bad.status, origin: bad.headers.get("access-control-allow-origin") }).toEqual({
    status: 415,
    origin: page,
  });
});

test("a page of an origin that some key lists sees why its key was refused, and no other page does", async () => {
  await using gateway = await openGatewayApp({ origins: [page] });
  for (const path of [undefined, "/v1/usage", "/v2/models/digits-s/config"]) {
    const ask = (origin: string) =>
      gateway.send({
        headers: { origin, authorization: "Bearer tw_nobody" },
        ...(path === undefined ? {} : { path, method: "GET" }),
      });
    const refused = await ask(page);
    expect({ status: refused.status, origin: refused.headers.get("access-control-allow-origin") }).toEqual({
      status: 401,
      origin: page,
    });
    expect(refused.headers.get("vary")).toContain("origin");
    expect((await ask("https://evil.example.com")).headers.get("access-control-allow-origin")).toBeNull();
  }
});

test("preflights know the origins that keys list at the moment, and those of tokens", () => {
  let ofKeys: ReadonlySet<string> = new Set(["https://a.example"]);
  const origins = listedOrigins({ origins: () => ofKeys }, [{ origins: [page] }, { origins: [] }]);
  expect([...origins()]).toEqual(["https://a.example", page]);
  expect(origins()).toBe(origins());
  ofKeys = new Set();
  expect([...origins()]).toEqual([page]);
});
