import { afterAll, beforeAll, expect, test } from "vitest";
import { logRequests, measureRequests } from "#gateway/telemetry.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { createLog } from "#infra/runtime/log.ts";
import { createSoftStateInProcess } from "#infra/runtime/soft-state/in-process.ts";
import { json } from "#test/support/fake-backend.ts";
import { detectPath, key, openGatewayApp, tinyJpeg } from "#test/support/gateway-app.ts";

const logged: string[] = [];
let gateway: Awaited<ReturnType<typeof openGatewayApp>>;
let send: typeof gateway.send;
let softStateAway = false;
const stack = new AsyncDisposableStack();

beforeAll(async () => {
  const softState = createSoftStateInProcess();
  gateway = stack.use(
    await openGatewayApp({
      route: { cache: "off" },
      limits: {
        body: "1000B",
        bodyTimeout: "1s",
        inFlight: 2,
        bodiesInHand: "1500B",
        requestTimeout: "300ms",
      },
      softState: {
        ...softState,
        ping: () => (softStateAway ? Promise.reject(new Error("away")) : Promise.resolve()),
      },
    }),
  );
  send = gateway.send;
  stack.use(measureRequests(gateway.metrics));
  const destination = { write: (line: string) => void logged.push(line) };
  stack.use(logRequests(createLog({ name: "test", destination }), systemClock));
});
afterAll(() => stack.disposeAsync());

test("an image is answered with boxes, timings, its price and who answered", async () => {
  const { status, body } = await send();
  expect(status).toBe(200);
  expect(body).toMatchObject({
    model: "digits-s",
    version: "2",
    precision: "fp32",
    image: { width: 640, height: 480 },
    detections: [{ name: "one", class: 1, score: 0.8765, box: { x1: 10, y1: 20, x2: 30, y2: 40 } }],
    backend: "local",
    cache: "bypass",
    deadline_missed: false,
    timings_ms: { queue: 0.5, preprocess: 2, inference: 10, postprocess: 0.25 },
    cost_usd: 0.000_003,
  });
  expect(body.request_id).toMatch(/^[0-9A-Z]{26}$/);
});

test("a key may come as a bearer token or as x-api-key", async () => {
  expect((await send({ headers: { authorization: "", "x-api-key": key } })).status).toBe(200);
  expect((await send({ headers: { authorization: `bearer ${key}` } })).status).toBe(200);
});

test.each([
  ["no key", { headers: { authorization: "" } }, 401, "key_missing"],
  ["an unknown key", { headers: { authorization: "Bearer tw_nonsense" } }, 401, "key_invalid"],
  ["another scheme", { headers: { authorization: "Basic abc" } }, 401, "key_missing"],
  ["an unknown model", { path: "/v1/models/cats/detect" }, 404, "model_unknown"],
  ["an unknown path", { path: "/v1/nothing" }, 404, "route_unknown"],
  ["a wrong verb", { method: "PUT" }, 405, "method_not_allowed"],
  ["an empty body", { body: "" }, 400, "body_empty"],
  ["a text file", { body: "hello, I am no image" }, 415, "image_type_unsupported"],
  ["an SVG", { body: "<svg xmlns='http://www.w3.org/2000/svg'/>" }, 415, "image_type_unsupported"],
  [
    "a form without a part",
    { headers: { "content-type": "multipart/form-data; boundary=x" } },
    400,
    "request_malformed",
  ],
  ["a list of things", { headers: { "content-type": "text/csv" } }, 415, "image_type_unsupported"],
  ["a compressed body", { headers: { "content-encoding": "gzip" } }, 415, "encoding_unsupported"],
  ["a body over the limit", { body: new Uint8Array(1_001) }, 413, "body_too_large"],
  ["a parameter out of range", { path: `${detectPath}?conf=2` }, 422, "parameter_invalid"],
  ["a parameter that is no number", { path: `${detectPath}?max_detections=many` }, 422, "parameter_invalid"],
  ["an unknown parameter", { path: `${detectPath}?confidence=0.5` }, 422, "parameter_invalid"],
  ["an empty parameter", { path: `${detectPath}?conf=` }, 422, "parameter_invalid"],
  ["a number in another notation", { path: `${detectPath}?max_detections=0x1` }, 422, "parameter_invalid"],
  ["a parameter given twice", { path: `${detectPath}?conf=0.9&conf=0.1` }, 422, "parameter_invalid"],
] as const)("%s is answered as a problem that a person can act on", async (_, sent, status, code) => {
  const answer = await send(sent);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(answer.body).toEqual({
    type: `urn:tradewind:error:${code}`,
    title: code.replaceAll("_", " "),
    status,
    detail: expect.stringMatching(/^.{10,}$/),
    code,
    retryable: false,
    request_id: answer.headers.get("x-request-id"),
  });
  expect(answer.status).toBe(status);
});

test.each([
  ["PUT", detectPath, "POST"],
  ["POST", "/livez", "GET, HEAD"],
  ["DELETE", "/v1/models", "GET, HEAD"],
])("%s at %s is told what is allowed there", async (method, path, allow) => {
  const { status, headers, body } = await send({ method, path });
  expect({ status, code: body.code, allow: headers.get("allow") }).toEqual({
    status: 405,
    code: "method_not_allowed",
    allow,
  });
});

test("every route that is there tells a wrong verb which ones are right", async () => {
  const routes = gateway.app.routes.filter(({ method }) => method !== "ALL");
  expect(routes.length).toBeGreaterThanOrEqual(5);
  for (const { method, path } of routes) {
    const { status, headers } = await send({ method: "PATCH", path: path.replace(":model", "digits-s") });
    expect({ path, status }).toEqual({ path, status: 405 });
    expect(headers.get("allow")?.split(", ")).toContain(method);
  }
});

test("a long parameter is refused as fast as a short one, and many at once in one short answer", async () => {
  const began = performance.now();
  const long = await send({ path: `${detectPath}?conf=${"1".repeat(60_000)}x` });
  expect(performance.now() - began).toBeLessThan(500);
  expect(long.body.detail).toMatch(/^conf is "1{40}", expected a number from 0 to 1$/);
  const query = Array.from({ length: 1_000 }, (_, index) => `p${index}=1`).join("&");
  const { body } = await send({ path: `${detectPath}?${query}` });
  expect(body.detail).toMatch(/; and 995 more$/);
});

test("a refused key says how to send one", async () => {
  const { headers, body } = await send({ headers: { authorization: "" } });
  expect(headers.get("www-authenticate")).toBe('Bearer realm="tradewind"');
  expect(body.detail).toContain("authorization: Bearer");
});

test("under /v2 an error is the string that the protocol's clients look for", async () => {
  const { status, headers, body } = await send({ path: "/v2/nothing" });
  expect(status).toBe(404);
  expect(headers.get("content-type")).toBe("application/json");
  expect(body).toEqual({ error: "there is nothing at POST /v2/nothing" });
});

test("a stranger's failure is answered without a word of it, and logged with all of them", async () => {
  const { status, body } = await send(
    { headers: { "x-request-id": "find-me" } },
    json(500, { error: "secret stack" }),
  );
  expect({ status, code: body.code, retryable: body.retryable }).toEqual({
    status: 502,
    code: "backend_failed",
    retryable: true,
  });
  expect(JSON.stringify(body)).not.toContain("secret");
  expect(logged.find((line) => line.includes("find-me"))).toContain("secret stack");
});

test("a backend that never answers costs the request's time and no more", async () => {
  const { status, body } = await send({}, () => {});
  expect({ status, code: body.code }).toEqual({ status: 504, code: "deadline_exceeded" });
});

test("more requests in hand than allowed are turned away at once with a word on when to come back", async () => {
  const held = [send({}, () => {}), send({}, () => {})];
  const { status, headers, body } = await send({}, () => {});
  expect({ status, code: body.code, retryAfter: headers.get("retry-after"), detail: body.detail }).toEqual({
    status: 503,
    code: "overloaded",
    retryAfter: "1",
    detail: "2 requests are in hand already, try again shortly",
  });
  await Promise.all(held);
  expect((await send()).status).toBe(200);
});

test("bodies take room as they arrive, and no more than is there", async () => {
  const large = Buffer.concat([await tinyJpeg(), Buffer.alloc(600)]);
  const held = send({ body: large }, () => {});
  const { status, headers, body } = await send({ body: new Uint8Array(1_000) });
  expect({ status, code: body.code, retryAfter: headers.get("retry-after"), detail: body.detail }).toEqual({
    status: 503,
    code: "overloaded",
    retryAfter: "1",
    detail: "the bodies in hand leave no room for 1000 bytes, try again shortly",
  });
  await held;
  expect((await send({ body: new Uint8Array(1_000) })).status).toBe(415);
  expect((await send({ headers: { "content-length": "1000000" } })).status).toBe(413);
});

test("a caller's harmless request id is kept, any other replaced", async () => {
  expect((await send({ headers: { "x-request-id": "mine-1" } })).headers.get("x-request-id")).toBe("mine-1");
  expect((await send({ headers: { "x-request-id": "<script>" } })).headers.get("x-request-id")).toMatch(
    /^[0-9A-Z]{26}$/,
  );
});

test("the models are listed with what is known of them", async () => {
  const { body } = await send({ path: "/v1/models", method: "GET" });
  expect(body).toEqual({
    models: [
      {
        name: "digits-s",
        ready: true,
        slo_ms: 2_000,
        version: "2",
        versions: ["1", "2"],
        task: "detect",
        precision: "fp32",
        names: ["zero", "one"],
        input: { width: 320, height: 320 },
      },
    ],
  });
});

test("readiness follows the process, liveness does not, and neither wants a key", async () => {
  const get = (path: string) => send({ path, method: "GET", headers: { authorization: "" } });
  expect((await get("/readyz")).status).toBe(200);
  gateway.state.ready = false;
  expect((await get("/readyz")).status).toBe(503);
  expect((await get("/livez")).status).toBe(200);
  gateway.state.ready = true;
});

test("soft state that is away is told and does not stop traffic", async () => {
  softStateAway = true;
  const { status, body } = await send({ path: "/readyz", method: "GET" });
  softStateAway = false;
  expect({ status, body }).toEqual({
    status: 200,
    body: { ready: true, process: "ready", backends: "ready", soft_state: "away" },
  });
});

test("metrics count what happened and are not for strangers", async () => {
  await send();
  expect((await send({ path: "/metrics", method: "GET", headers: { authorization: "" } })).status).toBe(401);
  const response = await gateway.app.request("/metrics", { headers: { authorization: `Bearer ${key}` } });
  expect(await response.text()).toMatch(
    /tradewind_request_seconds_count\{route="POST \/v1\/models\/:model\/detect",model="digits-s",backend="local",status="200",code=""\} \d+/,
  );
});
