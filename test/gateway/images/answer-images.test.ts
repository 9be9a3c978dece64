import { expect, test } from "vitest";
import { caller, perSecond, tenant } from "#test/support/callers.ts";
import { inferAnswer, json } from "#test/support/fake-backend.ts";
import { detectPath, key, openGatewayApp, tinyJpeg } from "#test/support/gateway-app.ts";

test("the same image is looked at once, and the second answer says that it was kept", async () => {
  await using gateway = await openGatewayApp();
  const first = await gateway.send();
  const second = await gateway.send();
  expect({ first: first.body.cache, second: second.body.cache, images: gateway.state.images }).toEqual({
    first: "miss",
    second: "hit",
    images: 1,
  });
  expect(first.headers.get("cache-status")).toMatch(/^tradewind; fwd=miss; stored; ttl=\d+$/);
  expect(second.headers.get("cache-status")).toMatch(/^tradewind; hit; ttl=\d+$/);
  expect(second.body).toMatchObject({ detections: first.body.detections, cost_usd: 0 });
});

test("another tenant, other options or another image never get each other's answers", async () => {
  const callers = new Map([
    ["tw_a", caller({ id: "a", tenant: tenant({ id: "a" }) })],
    ["tw_b", caller({ id: "b", tenant: tenant({ id: "b" }) })],
  ]);
  await using gateway = await openGatewayApp({ callers });
  const as = (who: string) => ({ headers: { authorization: `Bearer ${who}` } });
  await gateway.send(as("tw_a"));
  expect((await gateway.send(as("tw_b"))).body.cache).toBe("miss");
  expect((await gateway.send({ ...as("tw_a"), path: `${detectPath}?conf=0.5` })).body.cache).toBe("miss");
  expect((await gateway.send({ ...as("tw_a"), body: await tinyJpeg(9) })).body.cache).toBe("miss");
  expect((await gateway.send(as("tw_a"))).body.cache).toBe("hit");
  expect(gateway.state.images).toBe(4);
});

test("a hundred requests for one image at once are one request to the backend", async () => {
  await using gateway = await openGatewayApp({ limits: { inFlight: 200 } });
  const answers = await Promise.all(Array.from({ length: 100 }, () => gateway.send()));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(gateway.state.images).toBe(1);
  const outcomes = answers.map(({ body }) => body.cache);
  expect(outcomes.filter((one) => one === "miss").length).toBe(1);
});

test.each([
  ["no-cache", "miss or bypass", 2],
  ["no-store", "bypass", 2],
  ["max-age=60", "hit", 1],
])("cache-control: %s is honoured", async (wish, _, images) => {
  await using gateway = await openGatewayApp();
  await gateway.send();
  const { status } = await gateway.send({ headers: { "cache-control": wish } });
  expect({ status, images: gateway.state.images }).toEqual({ status: 200, images });
});

test("who wants only a kept answer gets none where none is kept, and nobody is asked", async () => {
  await using gateway = await openGatewayApp();
  const { status, body } = await gateway.send({ headers: { "cache-control": "only-if-cached" } });
  expect({ status, code: body.code, images: gateway.state.images }).toEqual({
    status: 504,
    code: "not_cached",
    images: 0,
  });
  expect((await gateway.send()).body.cache).toBe("miss");
});

test("a failure is never kept", async () => {
  await using gateway = await openGatewayApp();
  expect((await gateway.send({}, json(500, { error: "no" }))).status).toBe(502);
  expect((await gateway.send()).body.cache).toBe("miss");
});

test("a copy with other metadata is the same image where the route goes by content", async () => {
  const plain = await tinyJpeg();
  const comment = Buffer.from([0xff, 0xfe, 0x00, 0x07, 0x68, 0x65, 0x6c, 0x6c, 0x6f]);
  const copy = Buffer.concat([plain.subarray(0, 2), comment, plain.subarray(2)]);
  await using byContent = await openGatewayApp({ route: { cache: { digest: "content" } } });
  await byContent.send({ body: plain });
  expect((await byContent.send({ body: copy })).body.cache).toBe("hit");
  await using byBytes = await openGatewayApp();
  await byBytes.send({ body: plain });
  expect((await byBytes.send({ body: copy })).body.cache).toBe("miss");
});

test("several images are answered as a list, and one that is bad fails alone", async () => {
  await using gateway = await openGatewayApp();
  const form = new FormData();
  for (const part of [await tinyJpeg(1), Buffer.from("no image"), await tinyJpeg(2)])
    form.append("image", new Blob([new Uint8Array(part)]), "a.jpg");
  const { status, body } = await gateway.send({ body: form });
  expect(status).toBe(200);
  expect(body.images).toEqual([
    expect.objectContaining({ cache: "miss", detections: expect.any(Array) }),
    { error: { code: "image_type_unsupported", status: 415, detail: expect.any(String) } },
    expect.objectContaining({ cache: "miss" }),
  ]);
  expect(gateway.state.images).toBe(2);
});

test("an image in JSON is the same image as in a body of its own", async () => {
  await using gateway = await openGatewayApp();
  await gateway.send();
  const image = (await tinyJpeg()).toString("base64");
  const headers = { "content-type": "application/json" };
  const { body } = await gateway.send({ headers, body: JSON.stringify({ image }) });
  expect(body.cache).toBe("hit");
});

test("an address is not fetched unless the route lists hosts", async () => {
  await using gateway = await openGatewayApp();
  const headers = { "content-type": "application/json" };
  const image = { url: "https://images.example.com/a.jpg" };
  const { status, body } = await gateway.send({ headers, body: JSON.stringify({ image }) });
  expect({ status, code: body.code }).toEqual({ status: 422, code: "url_refused" });
});

test("the box format is the caller's choice and does not look at the image again", async () => {
  await using gateway = await openGatewayApp();
  await gateway.send();
  const { body } = await gateway.send({ path: `${detectPath}?format=coco` });
  expect(body).toMatchObject({ cache: "hit", annotations: [{ bbox: [10, 20, 20, 20], category_id: 1 }] });
});

test("a version that is there may be pinned, one that is not is told", async () => {
  await using gateway = await openGatewayApp();
  expect((await gateway.send({ path: "/v1/models/digits-s@2/detect" })).status).toBe(200);
  const { status, body } = await gateway.send({ path: "/v1/models/digits-s@7/detect" });
  expect({ status, code: body.code }).toEqual({ status: 404, code: "version_unknown" });
});

test("another task than the model's is refused with the path that is right", async () => {
  await using gateway = await openGatewayApp();
  const { status, body } = await gateway.send({ path: "/v1/models/digits-s/classify" });
  expect({ status, code: body.code, detail: body.detail }).toEqual({
    status: 422,
    code: "task_unsupported",
    detail: expect.stringContaining("/v1/models/digits-s/detect"),
  });
});

test("an unknown class costs nothing", async () => {
  await using gateway = await openGatewayApp();
  const { status, body } = await gateway.send({ path: `${detectPath}?classes=cat` });
  expect({ status, code: body.code, images: gateway.state.images }).toEqual({
    status: 422,
    code: "parameter_invalid",
    images: 0,
  });
});

test("a late answer says that it is late, and with strict=true there is none", async () => {
  await using gateway = await openGatewayApp();
  const slowly: Parameters<typeof gateway.send>[1] = (_, response) => {
    setTimeout(() => json(200, inferAnswer)(_, response), 120);
  };
  const late = await gateway.send({ path: `${detectPath}?deadline=30` }, slowly);
  expect({ status: late.status, missed: late.body.deadline_missed }).toEqual({ status: 200, missed: true });
  const strict = { path: `${detectPath}?deadline=30&strict=true`, body: await tinyJpeg(3) };
  const none = await gateway.send(strict, slowly);
  expect({ status: none.status, code: none.body.code }).toEqual({ status: 504, code: "deadline_exceeded" });
});

test("a key without the scope or the model is refused without being told what there is", async () => {
  const callers = new Map([
    ["tw_reader", caller({ scopes: new Set(["usage"]) })],
    ["tw_other", caller({ models: new Set(["cats"]) })],
  ]);
  await using gateway = await openGatewayApp({ callers });
  const as = (who: string) => gateway.send({ headers: { authorization: `Bearer ${who}` } });
  expect((await as("tw_reader")).body.code).toBe("forbidden");
  const hidden = await as("tw_other");
  expect({ code: hidden.body.code, detail: hidden.body.detail }).toEqual({
    code: "model_unknown",
    detail: 'no model "digits-s" here; there is ',
  });
});

test("a limit is told in headers and, once it is reached, before a body is read", async () => {
  const callers = new Map([[key, caller({ limits: perSecond(2) })]]);
  await using gateway = await openGatewayApp({ callers });
  const first = await gateway.send();
  expect(first.headers.get("ratelimit-policy")).toBe('"key";q=2;w=1');
  expect(first.headers.get("ratelimit")).toMatch(/^"key";r=1;t=1$/);
  const rest = await Promise.all([gateway.send(), gateway.send(), gateway.send()]);
  const refused = rest.find(({ status }) => status === 429);
  expect({ code: refused?.body.code, after: refused?.headers.get("retry-after") }).toEqual({
    code: "rate_limited",
    after: "1",
  });
  const unread = await gateway.send({ body: new Uint8Array(0) });
  expect(unread.status).toBe(429);
});

test("a trace goes on through the gateway, and timings are told to whoever looks", async () => {
  await using gateway = await openGatewayApp();
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const { headers } = await gateway.send({ headers: { traceparent } });
  expect(headers.get("traceparent")).toMatch(
    /^00-4bf92f3577b34da6a3ce929d0e0e4736-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$/,
  );
  expect(headers.get("server-timing")).toMatch(
    /^queue;dur=0.5, preprocess;dur=2, inference;dur=10, .*total;dur=/,
  );
});

test("an old answer is given at once while a new one is made", async () => {
  await using gateway = await openGatewayApp({ route: { cache: { ttl: "1ms", stale: "1h" } } });
  await gateway.send();
  await expect.poll(async () => (await gateway.send()).body.cache).toBe("stale");
  await expect.poll(() => gateway.state.images).toBeGreaterThan(1);
});

test("a list that must not be late fails whole when one of its images is", async () => {
  await using gateway = await openGatewayApp();
  const form = new FormData();
  for (const red of [1, 2]) form.append("images", new Blob([new Uint8Array(await tinyJpeg(red))]), "a.jpg");
  const { status } = await gateway.send(
    { path: `${detectPath}?strict=true&deadline=40`, body: form },
    () => {},
  );
  expect(status).toBe(504);
});
