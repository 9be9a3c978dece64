import { expect, test } from "vitest";
import { caller, perSecond, tenant } from "#test/support/callers.ts";
import { inferAnswer, json } from "#test/support/fake-backend.ts";
import { detectPath, key, openGatewayApp, tinyJpeg } from "#test/support/gateway-app.ts";

test("the same idempotency key gets the same answer for nothing, and another request with it is refused", async () => {
  await using gateway = await openGatewayApp({ route: { cache: "off" } });
  const headers = { "idempotency-key": "order-7" };
  const first = await gateway.send({ headers });
  await expect
    .poll(async () => {
      const answer = await gateway.send({ headers });
      return {
        status: answer.status,
        replayed: answer.headers.get("idempotent-replayed"),
        text: answer.text,
      };
    })
    .toEqual({ status: 200, replayed: "true", text: first.text });
  expect(gateway.state.images).toBe(1);
  const other = await gateway.send({ headers, body: await tinyJpeg(5) });
  expect({ status: other.status, code: other.body.code }).toEqual({
    status: 422,
    code: "idempotency_key_reused",
  });
});

test("an idempotency key is free again after a failure, and taken while its request is under way", async () => {
  await using gateway = await openGatewayApp({ route: { cache: "off" } });
  const headers = { "idempotency-key": "order-8" };
  expect((await gateway.send({ headers }, json(500, {}))).status).toBe(502);
  let finish = (): void => {};
  const held = gateway.send({ headers }, (request, response) => {
    finish = () => json(200, inferAnswer)(request, response);
  });
  await expect.poll(() => gateway.state.images).toBe(2);
  const { status, body } = await gateway.send({ headers });
  expect({ status, code: body.code }).toEqual({ status: 409, code: "idempotency_in_progress" });
  finish();
  expect((await held).status).toBe(200);
});

test("an idempotency key tells requests apart by what their bodies ask for, too", async () => {
  await using gateway = await openGatewayApp();
  const headers = { "idempotency-key": "order-9", "content-type": "application/json" };
  const image = (await tinyJpeg()).toString("base64");
  const ask = (parameters: object) => gateway.send({ headers, body: JSON.stringify({ image, parameters }) });
  await ask({ conf: 0.25 });
  await expect.poll(async () => (await ask({ conf: 0.25 })).headers.get("idempotent-replayed")).toBe("true");
  expect((await ask({ conf: 0.99, format: "coco" })).body.code).toBe("idempotency_key_reused");
});

test("a list with failures that may pass is not kept under an idempotency key", async () => {
  await using gateway = await openGatewayApp();
  const headers = { "idempotency-key": "order-10", "content-type": "application/json" };
  const images = [await tinyJpeg(1), await tinyJpeg(2)].map((one) => one.toString("base64"));
  const sent = { headers, body: JSON.stringify({ images }) };
  const first = await gateway.send(sent, json(503, { error: "full" }));
  expect(JSON.stringify(first.body.images)).toContain("backend_full");
  await expect
    .poll(async () => JSON.stringify((await gateway.send(sent)).body.images))
    .not.toContain("backend_full");
});

test("a repeated request is held to the limits like any other, and tells them as they are now", async () => {
  const callers = new Map([[key, caller({ limits: perSecond(3) })]]);
  await using gateway = await openGatewayApp({ callers });
  const headers = { "idempotency-key": "order-11" };
  await gateway.send({ headers });
  await expect
    .poll(async () => (await gateway.send({ headers })).headers.get("ratelimit"))
    .toMatch(/^"key";r=\d/);
  await expect.poll(async () => (await gateway.send({ headers })).status).toBe(429);
});

test("a wish for a young answer is paid for like any look at an image, and a found one is not", async () => {
  const callers = new Map([[key, caller({ tenant: tenant({ monthly: { nanoUsd: 7_000 } }) })]]);
  await using gateway = await openGatewayApp({ callers, usdPerRequest: 0.000_003 });
  const young = { headers: { "cache-control": "max-age=0" } };
  await gateway.send();
  await expect
    .poll(async () => (await gateway.send({ headers: { "cache-control": "max-age=600" } })).body.cache)
    .toBe("hit");
  await expect.poll(async () => (await gateway.send(young)).status).toBe(402);
  expect(gateway.state.images).toBeLessThanOrEqual(2);
});

test("who begins a look pays for it, also when it did not wait for the answer that another then got", async () => {
  const callers = new Map([[key, caller({ tenant: tenant({ monthly: { nanoUsd: 1_000_000 } }) })]]);
  await using gateway = await openGatewayApp({ callers, usdPerRequest: 0.000_003 });
  let finish = (): void => {};
  const held: Parameters<typeof gateway.send>[1] = (request, response) => {
    finish = () => json(200, inferAnswer)(request, response);
  };
  const hasty = gateway.send({ path: `${detectPath}?strict=true&deadline=60` }, held);
  await expect.poll(() => gateway.state.images).toBe(1);
  const patient = gateway.send({}, held);
  expect((await hasty).status).toBe(504);
  finish();
  expect((await patient).body).toMatchObject({ cache: "collapsed", cost_usd: 0 });
  expect(gateway.usage.month("acme")).toEqual({ images: 1, nanoUsd: 3_000 });
});

test("an old answer leaves neither a timer nor a body behind", async () => {
  await using gateway = await openGatewayApp({ route: { cache: { ttl: "1ms", stale: "1h" } } });
  await gateway.send();
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  await expect.poll(async () => (await gateway.send()).body.cache).toBe("stale");
  const before = timers();
  for (let count = 0; count < 20; count += 1) await gateway.send();
  await expect.poll(() => timers() - before).toBeLessThan(5);
});
