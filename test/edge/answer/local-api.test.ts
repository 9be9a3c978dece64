import { Hono } from "hono";
import { expect, test } from "vitest";
import { requestFinished } from "#infra/runtime/channels.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { openFakeApi } from "#test/support/fake-local-api.ts";
import { detection, imageAnswer } from "#test/support/fake-open-model.ts";
import { tinyJpeg } from "#test/support/gateway-app.ts";

test("an image is answered in the gateway's words, as the device's own answer", async () => {
  const { detect } = await openFakeApi();
  const { status, body, headers } = await detect("?classes=seven", { headers: { "x-request-id": "mine" } });
  expect(status).toBe(200);
  expect(body).toEqual({
    request_id: "mine",
    model: "digits",
    version: "1",
    precision: "fp32",
    image: { width: 16, height: 16 },
    detections: [{ name: "seven", class: 1, score: 0.8, box: { x1: 1, y1: 2, x2: 3, y2: 4 } }],
    backend: "device",
    cache: "off",
    deadline_missed: false,
    timings_ms: {
      queue: 1,
      preprocess: 2,
      inference: 3,
      postprocess: 4,
      gateway: expect.any(Number),
      total: expect.any(Number),
    },
    cost_usd: 0,
  });
  expect(headers.get("x-tradewind-answered-by")).toBe("edge");
  expect(headers.get("x-request-id")).toBe("mine");
  expect(headers.get("server-timing")).toContain("inference;dur=3");
  expect(headers.get("traceparent")).toMatch(/^00-/);
});

test("options reach the model, and how the answer is written does not", async () => {
  const { fake, detect } = await openFakeApi();
  const asked: unknown[] = [];
  fake.detect = (_, { options }) => {
    asked.push(options);
    return Promise.resolve(imageAnswer);
  };
  const { body } = await detect("?conf=0.4&iou=0.5&max_detections=7&format=coco");
  expect(asked).toEqual([{ conf: 0.4, iou: 0.5, maxDetections: 7 }]);
  expect(body.annotations).toMatchObject([{ category_name: "seven", bbox: [1, 2, 2, 2] }]);
});

test("a class that was not asked for is left out", async () => {
  const { fake, detect } = await openFakeApi();
  fake.detect = () =>
    Promise.resolve({ ...imageAnswer, detections: [detection, { ...detection, class: 0, name: "six" }] });
  expect((await detect("?classes=0")).body.detections).toMatchObject([{ name: "six" }]);
});

test.each(["/livez", "/healthz"])("the device says at %s that it lives", async (path) => {
  const { ask } = await openFakeApi();
  expect(await ask(path)).toMatchObject({ status: 200, body: { live: true } });
});

test("the device is ready while a model answers and it is not on its way down", async () => {
  const { ask, state, running } = await openFakeApi({ expected: ["digits", "cats"] });
  const ready = { ready: true, process: "ready", models: "some missing" };
  expect(await ask("/readyz")).toMatchObject({ status: 200, body: ready });
  state.ready = false;
  const leaving = await ask("/readyz");
  expect(leaving).toMatchObject({ status: 503, body: { ready: false, process: "starting or stopping" } });
  expect(leaving.headers.get("connection")).toBe("close");
  state.ready = true;
  await running.drop("digits");
  expect(await ask("/readyz")).toMatchObject({ status: 503, body: { ready: false, models: "missing" } });
});

test("a model that is to run and does not yet is listed, and its callers may come again", async () => {
  const { ask } = await openFakeApi({ expected: ["cats", "digits"] });
  const { body } = await ask("/v1/models");
  expect(body.models).toEqual([
    { name: "cats", ready: false, slo_ms: 2_000 },
    expect.objectContaining({
      name: "digits",
      ready: true,
      slo_ms: 2_000,
      version: "1",
      versions: ["1"],
      task: "detect",
    }),
  ]);
  const early = await ask("/v1/models/cats/detect", {
    method: "POST",
    body: new Uint8Array(await tinyJpeg()),
  });
  expect(early).toMatchObject({ status: 503, body: { code: "model_not_ready", retryable: true } });
  expect(early.headers.get("retry-after")).toBe("1");
});

test("pages of browsers may not use the device, whatever they ask", async () => {
  const { ask, detect } = await openFakeApi({ beside: new Hono().get("/edge/status", (c) => c.json({})) });
  const headers = { origin: "https://page.example" };
  expect(await detect("", { headers })).toMatchObject({ status: 403, body: { code: "origin_forbidden" } });
  for (const path of ["/v1/models", "/metrics", "/edge/status"])
    expect(await ask(path, { headers })).toMatchObject({ status: 403 });
  const v2 = await ask("/v2/models", { headers });
  expect(v2).toMatchObject({ status: 403, body: { error: expect.any(String) } });
  const preflight = await ask("/v1/models", { method: "OPTIONS", headers });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("access-control-allow-origin")).toBeNull();
  expect(await ask("/v2/health/live", { headers })).toMatchObject({ status: 200 });
});

test("a page whose own name was made to lead to the device reads nothing there", async () => {
  const { ask, detect } = await openFakeApi({ beside: new Hono().get("/edge/status", (c) => c.json({})) });
  const headers = { host: "page.example:8100" };
  for (const path of ["/v1/models", "/v2/models", "/metrics", "/edge/status"])
    expect(await ask(path, { headers })).toMatchObject({ status: 403 });
  expect(await detect("", { headers })).toMatchObject({ status: 403, body: { code: "origin_forbidden" } });
  for (const host of ["localhost:8100", "192.168.1.7", "[::1]:8100", "Edge-1.plant.example:8100"])
    expect(await ask("/v1/models", { headers: { host } })).toMatchObject({ status: 200 });
});

test("the backend's own server and the agent's routes stand beside, under the same headers", async () => {
  const { ask } = await openFakeApi({
    beside: new Hono().get("/edge/status", (c) => c.json({ fine: true })),
  });
  for (const path of ["/v2", "/v2/models/digits/infer", "/metrics"]) {
    const { body, headers } = await ask(path);
    expect([body.backend, headers.get("x-tradewind-answered-by")]).toEqual([path, "edge"]);
  }
  const status = await ask("/edge/status");
  expect([status.body, status.headers.get("x-tradewind-answered-by")]).toEqual([{ fine: true }, "edge"]);
});

test("a model's failure is ours to answer for, and a caller who sends too much at once is sent away", async () => {
  const { fake, detect, failures } = await openFakeApi({ limits: { inFlight: 1, body: 10_000 } });
  fake.detect = () => Promise.reject(new Error("the library says a secret"));
  const { status, body } = await detect();
  expect([status, body.code]).toEqual([500, "internal"]);
  expect(JSON.stringify(body)).not.toContain("secret");
  expect(failures).toEqual(["internal"]);
  const looking = Promise.withResolvers<typeof imageAnswer>();
  fake.detect = () => looking.promise;
  const first = detect();
  await expect.poll(async () => (await detect()).body.code).toBe("overloaded");
  looking.resolve(imageAnswer);
  expect((await first).status).toBe(200);
  const large = await detect("", { body: new Uint8Array(10_001) });
  expect(large).toMatchObject({ status: 413, body: { code: "body_too_large" } });
});

test("an image with more pixels than the device allows is refused before it is decoded", async () => {
  const { fake, detect } = await openFakeApi({ limits: { pixels: 100 } });
  fake.detect = () => Promise.reject(new Error("it was decoded"));
  expect(await detect()).toMatchObject({ status: 413, body: { code: "image_too_large" } });
});

test("a request that takes longer than the device allows is given up", async () => {
  const { fake, detect } = await openFakeApi({ limits: { requestTimeout: 20 } });
  fake.detect = (_, { signal }) =>
    new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  expect(await detect()).toMatchObject({ status: 504, body: { code: "deadline_exceeded" } });
});

test("a caller who leaves is not looked for any longer", async () => {
  const { fake, detect } = await openFakeApi();
  const leaving = new AbortController();
  fake.detect = (_, { signal }) => {
    leaving.abort();
    return Promise.reject(signal.reason);
  };
  expect(await detect("", { signal: leaving.signal })).toMatchObject({ status: 499 });
});

test("of a list an image that fails has its own error, unless late is nothing", async () => {
  const { fake, detect } = await openFakeApi();
  let images = 0;
  fake.detect = () => {
    images += 1;
    return images % 2 === 0
      ? Promise.resolve(imageAnswer)
      : Promise.reject(new TradewindError("deadline_exceeded", "no answer in time"));
  };
  const picture = (await tinyJpeg()).toString("base64");
  const body = JSON.stringify({ images: [picture, picture] });
  const init = { body, headers: { "content-type": "application/json" } };
  const listed = await detect("", init);
  expect(listed.body.images).toMatchObject([{ error: { code: "deadline_exceeded" } }, { model: "digits" }]);
  expect(await detect("?strict=true", init)).toMatchObject({ status: 504 });
});

test("every request is told of at its end", async () => {
  const told: (readonly [string, number, string | undefined])[] = [];
  const unsubscribe = requestFinished.subscribe(({ route, status, code }) =>
    told.push([route, status, code]),
  );
  const { detect } = await openFakeApi();
  await detect();
  await detect("?conf=2");
  unsubscribe();
  const route = "POST /v1/models/:model/detect";
  expect(told).toEqual([
    [route, 200, undefined],
    [route, 422, "parameter_invalid"],
  ]);
});
