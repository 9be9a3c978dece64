import { expect, test, vi } from "vitest";
import { scopes } from "#gateway/caller.ts";
import type { Decision } from "#gateway/ledger/decision.ts";
import { caller, tenant } from "#test/support/callers.ts";
import { json } from "#test/support/fake-backend.ts";
import { detectPath, key, openGatewayApp, tinyJpeg } from "#test/support/gateway-app.ts";

type Gateway = Awaited<ReturnType<typeof openGatewayApp>>;

const reading = { signal: new AbortController().signal };

function decisionsOf({ deps }: Gateway, requestId: string): Promise<readonly Decision[]> {
  return deps.ledger.find({ requestId }, reading);
}

function named(requestId: string, cacheControl = "no-store") {
  return { headers: { "x-request-id": requestId, "cache-control": cacheControl } };
}

test("a request that asks a backend is in the ledger with who was asked, what for, and what came of it", async () => {
  const callers = new Map([[key, caller({ id: "the-key", tenant: tenant({ id: "acme" }) })]]);
  await using gateway = await openGatewayApp({ callers });
  expect((await gateway.send(named("r-one"))).status).toBe(200);
  expect(await decisionsOf(gateway, "r-one")).toMatchObject([
    {
      ...{ requestId: "r-one", image: 0, tenant: "acme", keyId: "the-key", model: "digits-s", version: "2" },
      ...{ sloMs: 2_000, objective: "balanced", more: 0 },
      candidates: [{ backend: "local", verdict: "chosen" }],
      tries: [{ backend: "local", kind: "first", state: "answered" }],
      outcome: { answeredBy: "local", missed: false },
    },
  ]);
});

test("each image of a list has a decision of its own, and those out of the cache have none", async () => {
  await using gateway = await openGatewayApp();
  const form = new FormData();
  for (const red of [1, 2, 3])
    form.append("images", new Blob([new Uint8Array(await tinyJpeg(red))]), "a.jpg");
  const { headers } = named("r-list", "max-age=60");
  expect((await gateway.send({ headers, body: form })).status).toBe(200);
  const images = (await decisionsOf(gateway, "r-list")).map(({ image }) => image);
  expect(images.sort()).toEqual([0, 1, 2]);
  await gateway.send({ ...named("r-kept", "max-age=60"), body: await tinyJpeg(2) });
  expect(await decisionsOf(gateway, "r-kept")).toEqual([]);
});

test("a request that fails is in the ledger with why, and so is each try", async () => {
  await using gateway = await openGatewayApp();
  const { status } = await gateway.send(named("r-failed"), json(500, { error: "oh" }));
  const [decision] = await decisionsOf(gateway, "r-failed");
  expect(status).toBe(502);
  expect(decision?.outcome).toMatchObject({ code: "backend_failed", missed: true });
  expect(decision?.tries[0]).toMatchObject({ state: "failed", code: "backend_failed" });
});

test("who leaves is in the ledger as one who left, and nobody's promise was broken", async () => {
  await using gateway = await openGatewayApp();
  let asked = 0;
  gateway.state.infer = () => {
    asked += 1;
  };
  const leaving = new AbortController();
  const headers = { authorization: `Bearer ${key}`, "x-request-id": "r-left", "content-type": "image/jpeg" };
  const body = new Uint8Array(await tinyJpeg());
  const sent = gateway.app.request(detectPath, { method: "POST", headers, body, signal: leaving.signal });
  await vi.waitFor(() => expect(asked).toBe(1));
  leaving.abort();
  await sent;
  const [decision] = await decisionsOf(gateway, "r-left");
  expect(decision?.outcome).toMatchObject({ code: "caller_left", missed: false });
  expect(decision?.tries).toMatchObject([{ state: "abandoned" }]);
});

test("tensors that are passed on are in the ledger too", async () => {
  await using gateway = await openGatewayApp();
  const body = JSON.stringify({ inputs: [] });
  const { headers } = named("r-tensors");
  expect((await gateway.send({ path: "/v2/models/digits-s/infer", headers, body })).status).toBe(200);
  expect(await decisionsOf(gateway, "r-tensors")).toMatchObject([
    { model: "digits-s", version: undefined, objective: "balanced", outcome: { answeredBy: "local" } },
  ]);
});

test("an administrator reads the same through the administrators' door", async () => {
  const callers = new Map([
    [key, caller({ tenant: tenant({ id: "default" }), scopes: new Set(["infer", "admin"]) })],
  ]);
  await using gateway = await openGatewayApp({ callers, leadsToAdmin: true });
  await gateway.send(named("r-read"));
  const found = await gateway.send({ path: "/v1/admin/decisions/r-read", method: "GET" });
  expect(found.body).toMatchObject({ kept_by: "process", decisions: [{ request_id: "r-read" }] });
  const ledger = await gateway.send({ path: "/v1/admin/ledger?group_by=backend", method: "GET" });
  expect(ledger.body).toMatchObject({ lines: [{ name: "local", requests: 1 }] });
});

test("a key with the scope explain is told who answered its image and why, and another key is not", async () => {
  const callers = new Map([
    ["tw_told", caller({ scopes: new Set(["infer", "explain"]) })],
    ["tw_untold", caller({ scopes: new Set(["infer"]) })],
  ]);
  await using gateway = await openGatewayApp({ callers });
  const as = (who: string, cacheControl = "no-store") => ({
    headers: { authorization: `Bearer ${who}`, "cache-control": cacheControl },
  });
  const told = await gateway.send(as("tw_told"));
  expect(told.headers.get("tradewind-decision")).toMatch(
    /^local;why="nobody else could be asked";predicted=[\d.]+;usd-per-million=3;tries=1$/,
  );
  const untold = await gateway.send(as("tw_untold"));
  expect([untold.status, untold.headers.get("tradewind-decision")]).toEqual([200, null]);
});

test("an answer for which nobody was asked, or one to a list, has no single decision to tell", async () => {
  const callers = new Map([[key, caller({ scopes: new Set(["infer", "explain"]) })]]);
  await using gateway = await openGatewayApp({ callers });
  expect((await gateway.send()).headers.has("tradewind-decision")).toBe(true);
  expect((await gateway.send()).headers.has("tradewind-decision")).toBe(false);
  const form = new FormData();
  for (const red of [4, 5]) form.append("images", new Blob([new Uint8Array(await tinyJpeg(red))]), "a.jpg");
  expect((await gateway.send({ body: form })).headers.has("tradewind-decision")).toBe(false);
});

test.each([
  ["cost", "cost", 200],
  ["balanced", "cost", 200],
  ["balanced", "balanced", 200],
  ["latency", "balanced", 200],
  ["cost", "balanced", 403],
  ["cost", "latency", 403],
  ["balanced", "latency", 403],
] as const)(
  "on a route that is run for %s a key without the scope that asks for %s gets %i",
  async (own, asked, status) => {
    const without = new Set(scopes.filter((scope) => scope !== "objective"));
    const callers = new Map([
      [key, caller({ scopes: without })],
      ["tw_dear", caller({ scopes: new Set(scopes) })],
    ]);
    await using gateway = await openGatewayApp({ callers, route: { objective: own } });
    const path = `${detectPath}?objective=${asked}`;
    const answer = await gateway.send({ path, ...named("r-asked") });
    expect(answer.status).toBe(status);
    if (status === 403)
      expect(answer.body).toMatchObject({
        code: "forbidden",
        detail: expect.stringContaining(`"objective"`),
      });
    else expect(await decisionsOf(gateway, "r-asked")).toMatchObject([{ objective: asked }]);
    expect((await gateway.send({ path, headers: { authorization: "Bearer tw_dear" } })).status).toBe(200);
  },
);

test("cost may be asked for also where its owner's own prices are lower still", async () => {
  const route = { money: { usdPerMiss: 1e-6, usdPerSecond: 0 } };
  await using gateway = await openGatewayApp({ route });
  expect((await gateway.send({ path: `${detectPath}?objective=cost` })).status).toBe(200);
  expect((await gateway.send(named("r-own"))).status).toBe(200);
  expect(await decisionsOf(gateway, "r-own")).toMatchObject([{ objective: "custom" }]);
  expect((await gateway.send({ path: `${detectPath}?objective=balanced` })).status).toBe(403);
});

test("an objective in a form counts as one in the query, and is not part of what is kept", async () => {
  await using gateway = await openGatewayApp();
  const form = new FormData();
  form.append("image", new Blob([new Uint8Array(await tinyJpeg(6))]), "a.jpg");
  form.append("objective", "cost");
  expect((await gateway.send({ headers: { "x-request-id": "r-form" }, body: form })).body.cache).toBe("miss");
  expect(await decisionsOf(gateway, "r-form")).toMatchObject([{ objective: "cost" }]);
  expect((await gateway.send({ body: await tinyJpeg(6) })).body.cache).toBe("hit");
});

test("an objective that there is not is refused with those that there are", async () => {
  await using gateway = await openGatewayApp();
  const { status, body } = await gateway.send({ path: `${detectPath}?objective=speed` });
  expect(status).toBe(422);
  expect(body.detail).toContain("expected cost, balanced or latency");
});
