import type { ServerResponse } from "node:http";
import { expect, test, vi } from "vitest";
import { caller, perSecond, tenant } from "#test/support/callers.ts";
import { inferAnswer, json } from "#test/support/fake-backend.ts";
import { key, openGatewayApp } from "#test/support/gateway-app.ts";

const path = "/v2/models/digits-s/infer";
const body = JSON.stringify({ inputs: [{ name: "image", shape: [1], datatype: "BYTES", data: ["x"] }] });

type Gateway = Awaited<ReturnType<typeof openGatewayApp>>;

type Asked = { readonly path?: string; readonly body?: string; readonly headers?: Record<string, string> };

/** With the same idempotency key each time. */
async function ask({ app }: Gateway, asked: Asked = {}) {
  const headers = { authorization: `Bearer ${key}`, "idempotency-key": "order-1", ...asked.headers };
  const answer = await app.request(asked.path ?? path, { method: "POST", headers, body: asked.body ?? body });
  const bytes = Buffer.from(await answer.arrayBuffer());
  const replayed = answer.headers.get("idempotent-replayed");
  return { status: answer.status, headers: answer.headers, bytes, replayed };
}

/** Asks until the first answer is kept, which nobody waits for. */
async function askAgain(gateway: Gateway, asked: Asked = {}) {
  return await vi.waitFor(async () => {
    const answer = await ask(gateway, asked);
    expect(answer.status).not.toBe(409);
    return answer;
  });
}

test("the same infer request with the same idempotency key gets the first answer, and costs no image", async () => {
  await using gateway = await openGatewayApp();
  const [random, type] = [Buffer.from([0, 255, 128, 10, 13, 0xd8]), "application/octet-stream"];
  const sent = { "content-type": type, "inference-header-content-length": "2", "content-encoding": "x" };
  gateway.state.infer = (_, response) => response.writeHead(200, sent).end(random);
  const first = await ask(gateway);
  expect([first.status, first.replayed, first.bytes]).toEqual([200, null, random]);
  const again = await askAgain(gateway);
  expect([again.status, again.replayed, again.bytes]).toEqual([200, "true", random]);
  for (const [name, value] of Object.entries(sent)) expect(again.headers.get(name)).toBe(value);
  expect(gateway.state.images).toBe(1);
  expect(gateway.usage.month("acme").images).toBe(1);
});

test.each([
  ["another body", { body: `${body} ` }],
  ["another query", { path: `${path}?a=1` }],
  ["another name of the model", { path: "/v2/models/digits-s-tensor/infer" }],
  ["another version", { path: "/v2/models/digits-s/versions/2/infer" }],
  ["another way to read it", { headers: { "inference-header-content-length": `${body.length}` } }],
  ["another answer in mind", { headers: { "accept-encoding": "gzip" } }],
  ["another parameter in a header", { headers: { "triton-custom": "1" } }],
] as const)("an idempotency key that comes to infer with %s is refused", async (_, other) => {
  await using gateway = await openGatewayApp();
  await ask(gateway);
  const refused = await askAgain(gateway, other);
  expect(refused.status).toBe(422);
  expect(JSON.parse(refused.bytes.toString()).error).toContain("idempotency key");
  expect(gateway.state.images).toBe(1);
});

test("what differs from one sending to the next leaves an infer request the same", async () => {
  await using gateway = await openGatewayApp();
  await ask(gateway, { headers: { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` } });
  const again = await askAgain(gateway, { headers: { "user-agent": "other", "x-request-id": "7" } });
  expect([again.status, again.replayed]).toEqual([200, "true"]);
});

test("an infer request whose key is under way is told to come again", async () => {
  await using gateway = await openGatewayApp();
  const waiting: ServerResponse[] = [];
  gateway.state.infer = (_, response) => void waiting.push(response);
  const first = ask(gateway);
  await vi.waitFor(() => expect(waiting).toHaveLength(1));
  const second = await ask(gateway);
  expect([second.status, second.headers.get("retry-after")]).toEqual([409, "1"]);
  for (const response of waiting) response.end(JSON.stringify(inferAnswer));
  expect((await first).status).toBe(200);
});

test("a failed infer request is not kept, and neither is an answer without end", async () => {
  await using gateway = await openGatewayApp();
  gateway.state.infer = json(500, { error: "oh" });
  expect((await ask(gateway)).status).toBe(502);
  const long = "x".repeat(600_000);
  gateway.state.infer = json(200, { long });
  for (const images of [2, 3]) {
    const answer = await askAgain(gateway);
    expect([answer.status, answer.replayed, answer.bytes.byteLength]).toEqual([200, null, long.length + 11]);
    expect(gateway.state.images).toBe(images);
  }
});

test("an answer to infer that comes again counts against rates, and against no month", async () => {
  const limits = perSecond(2);
  const monthly = { images: 2, nanoUsd: 3_000 };
  const slow = { rates: limits.rates.map((rate) => ({ ...rate, perMs: 3_600_000 })) };
  const callers = new Map([[key, caller({ limits: slow, tenant: tenant({ monthly }) })]]);
  await using gateway = await openGatewayApp({ callers, usdPerRequest: 0.000_003 });
  const first = await ask(gateway);
  expect(first.headers.get("ratelimit")).toMatch(/r=1/);
  const again = await askAgain(gateway);
  expect([again.status, again.replayed, again.headers.get("ratelimit")]).toEqual([
    200,
    "true",
    expect.stringMatching(/r=0/),
  ]);
  expect((await ask(gateway)).status).toBe(429);
  expect(gateway.usage.month("acme")).toEqual({ images: 1, nanoUsd: 3_000 });
});
