import { afterAll, beforeAll, expect, test } from "vitest";
import type { Caller } from "#gateway/caller.ts";
import { imageQuery } from "#gateway/document/image-parameters.ts";
import { answerText, listText } from "#inference/image-api/answer-text.ts";
import { coreOf } from "#inference/image-api/core-of.ts";
import { withFormat } from "#inference/image-api/formats.ts";
import { taskPaths } from "#inference/image-api/image-request.ts";
import { formats, readOptions } from "#inference/image-api/read-options.ts";
import { createSoftStateInProcess } from "#infra/runtime/soft-state/in-process.ts";
import { answerOfTask } from "#test/support/answers.ts";
import { caller, perSecond, tenant } from "#test/support/callers.ts";
import { json } from "#test/support/fake-backend.ts";
import { detectPath, key, openGatewayApp, type Sent, tinyJpeg } from "#test/support/gateway-app.ts";
import { type Document, undescribed } from "./check-answer.ts";

type Gateway = Awaited<ReturnType<typeof openGatewayApp>>;

const stack = new AsyncDisposableStack();
let gateway: Gateway;
let bounded: Gateway;
let document: Document;
const jpeg = await tinyJpeg(7);
const unseen = await tinyJpeg(222);

const all = caller({ scopes: new Set(["infer", "usage", "metrics", "admin"]) });
const callers = new Map<string, Caller | "expired">([
  [key, all],
  ["tw_weak", caller({ scopes: new Set(["usage"]) })],
  ["tw_page", caller({ origins: ["https://page.example"] })],
  ["tw_old", "expired"],
]);

beforeAll(async () => {
  const softState = createSoftStateInProcess();
  const ping = () => Promise.resolve();
  gateway = stack.use(
    await openGatewayApp({ callers, leadsToAdmin: true, softState: { ...softState, ping } }),
  );
  const limits = perSecond(1);
  bounded = stack.use(
    await openGatewayApp({
      callers: new Map([
        ["tw_slow", caller({ id: "slow", limits })],
        ["tw_poor", caller({ id: "poor", tenant: tenant({ id: "poor", monthly: { nanoUsd: 1 } }) })],
        ["tw_few", caller({ id: "few", tenant: tenant({ id: "few", monthly: { images: 0 } }) })],
      ]),
    }),
  );
  document = (await (await gateway.app.request("/openapi.json")).json()) as Document;
});
afterAll(() => stack.disposeAsync());

const form = (...names: string[]): FormData => {
  const fields = new FormData();
  for (const name of names) fields.append(name, new Blob([new Uint8Array(jpeg)]), "a.jpg");
  return fields;
};

const inJson = (body: unknown): Sent => ({
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

const base64 = jpeg.toString("base64");
const shows = (text: string): Sent => ({ headers: { authorization: `Bearer ${text}` } });

const answered: readonly (readonly [string, string, number, Sent])[] = [
  ["an image", "detect", 200, {}],
  ["an image as Roboflow writes it", "detect", 200, { path: `${detectPath}?format=roboflow` }],
  ["an image as COCO writes it", "detect", 200, { path: `${detectPath}?format=coco` }],
  ["a form of one", "detect", 200, { body: form("image") }],
  ["a form of several", "detect", 200, { body: form("images", "images") }],
  ["several of which one is none", "detect", 200, inJson({ images: [base64, "AAAA"] })],
  ["JSON with parameters", "detect", 200, inJson({ image: { base64 }, parameters: { conf: 0.5 } })],
  ["an idempotency key", "detect", 200, { headers: { "idempotency-key": "a" } }],
  ["the same idempotency key again", "detect", 200, { headers: { "idempotency-key": "a" } }],
  ["another image with that key", "detect", 422, { headers: { "idempotency-key": "a" }, body: jpeg }],
  ["no key", "detect", 401, { headers: { authorization: "" } }],
  ["an unknown key", "detect", 401, shows("tw_none")],
  ["an expired key", "detect", 401, shows("tw_old")],
  ["a key that may not", "detect", 403, shows("tw_weak")],
  [
    "a page that may not",
    "detect",
    403,
    { headers: { authorization: "Bearer tw_page", origin: "https://x.example" } },
  ],
  ["an unknown model", "detect", 404, { path: "/v1/models/cats/detect" }],
  ["an unknown version", "detect", 404, { path: "/v1/models/digits-s@99/detect" }],
  ["another task", "segment", 422, { path: "/v1/models/digits-s/segment" }],
  ["a wrong parameter", "detect", 422, { path: `${detectPath}?conf=7` }],
  ["an empty body", "detect", 400, { body: "" }],
  ["a wrong type", "detect", 415, { body: "hello" }],
  ["a compressed body", "detect", 415, { headers: { "content-encoding": "br" } }],
  ["a cut image", "detect", 422, { body: jpeg.subarray(0, 20) }],
  ["an address", "detect", 422, inJson({ image: { url: "https://images.example/1.jpg" } })],
  ["nothing but the cache", "detect", 504, { headers: { "cache-control": "only-if-cached" }, body: unseen }],
  ["the models", "listModels", 200, { method: "GET", path: "/v1/models" }],
  ["the usage", "getUsage", 200, { method: "GET", path: "/v1/usage" }],
  ["a month that is none", "getUsage", 422, { method: "GET", path: "/v1/usage?month=May" }],
  ["that it lives", "live", 200, { method: "GET", path: "/livez" }],
  ["that it is ready", "ready", 200, { method: "GET", path: "/readyz" }],
  ["the metrics", "metrics", 200, { method: "GET", path: "/metrics" }],
  ["metrics without the scope", "metrics", 403, { ...shows("tw_weak"), method: "GET", path: "/metrics" }],
  ["the document", "getOpenApi", 200, { method: "GET", path: "/openapi.json" }],
  ["the reference", "getReference", 200, { method: "GET", path: "/docs" }],
  ["keys without a database", "listKeys", 403, { method: "GET", path: "/v1/admin/keys" }],
  ["the protocol's server", "v2Server", 200, { method: "GET", path: "/v2" }],
  ["that the protocol's server is ready", "v2Ready", 200, { method: "GET", path: "/v2/health/ready" }],
  ["the protocol's models", "v2Models", 200, { method: "GET", path: "/v2/models" }],
  ["the protocol's index", "v2Index", 200, { path: "/v2/repository/index", body: "{}" }],
  ["a model of the protocol", "v2ModelDescription", 200, { method: "GET", path: "/v2/models/digits-s" }],
  ["an unknown model of the protocol", "v2ModelDescription", 404, { method: "GET", path: "/v2/models/cats" }],
  [
    "the protocol without a key",
    "v2Models",
    401,
    { method: "GET", path: "/v2/models", headers: { authorization: "" } },
  ],
  ["loading", "v2RefuseRepositoryModelsModelLoad", 403, { path: "/v2/repository/models/digits-s/load" }],
];

test.each(answered)("the answer to %s is what the document says", async (_, operationId, status, sent) => {
  const answer = await gateway.send(sent);
  expect({ status: answer.status, problems: undescribed(document, operationId, answer) }).toEqual({
    status,
    problems: [],
  });
});

test("answers to callers with bounds are what the document says, with their headers", async () => {
  const first = await bounded.send(shows("tw_slow"));
  expect(first.headers.get("ratelimit-policy")).toMatch(/q=1/);
  const seen = [
    first,
    await bounded.send({ ...shows("tw_slow"), body: jpeg }),
    await bounded.send(shows("tw_poor")),
    await bounded.send({ ...shows("tw_few"), body: jpeg }),
  ];
  expect(seen.map(({ status, body }) => body.code ?? status)).toEqual([
    200,
    "rate_limited",
    "budget_exhausted",
    "quota_exhausted",
  ]);
  for (const answer of seen) expect(undescribed(document, "detect", answer)).toEqual([]);
});

test.each([
  [500, "backend_failed"],
  [503, "backend_full"],
  [400, "request_rejected"],
  [200, "backend_answer_invalid"],
])("a backend's %i is answered with %s, as the document says", async (status, code) => {
  const body = await tinyJpeg(status % 251);
  const answer = await gateway.send({ body }, json(status, { error: "no" }));
  expect(answer.body.code).toBe(code);
  expect(undescribed(document, "detect", answer)).toEqual([]);
});

test("a gateway that stops says that it is not ready in the document's words", async () => {
  gateway.state.ready = false;
  const [ours, protocol] = [
    await gateway.send({ method: "GET", path: "/readyz" }),
    await gateway.send({ method: "GET", path: "/v2/health/ready" }),
  ];
  gateway.state.ready = true;
  expect([ours.status, protocol.status]).toEqual([503, 503]);
  expect(undescribed(document, "ready", ours)).toEqual([]);
  expect(undescribed(document, "v2Ready", protocol)).toEqual([]);
});

test.each(taskPaths)(
  "an answer to %s in every format, alone and in a list, is what the document says",
  (task) => {
    const answer = answerOfTask(task);
    const rest = { backend: "b", cache: "miss", deadlineMissed: false, timings: answer.timings };
    const texts = formats.map((format) =>
      answerText({
        ...rest,
        requestId: "R",
        core: withFormat(coreOf(answer, {}), format),
        totalMs: 20,
        costUsd: 0.001,
      }),
    );
    const headers = new Headers({ "content-type": "application/json" });
    for (const text of [...texts, listText("R", texts)])
      expect(undescribed(document, task, { status: 200, headers, text })).toEqual([]);
  },
);

test("an answer that lacks a member, has one more or another kind is found out", async () => {
  const { headers, body } = await gateway.send();
  const told = (changed: object) =>
    undescribed(document, "detect", { status: 200, headers, text: JSON.stringify({ ...body, ...changed }) });
  expect(told({})).toEqual([]);
  expect(told({ model: undefined })).not.toEqual([]);
  expect(told({ surprise: 1 })).not.toEqual([]);
  expect(told({ detections: [{ name: "one", class: 1, score: 2 }] })).not.toEqual([]);
  expect(undescribed(document, "detect", { status: 418, headers, text: "{}" })).not.toEqual([]);
  const listed = undescribed(document, "listModels", {
    status: 200,
    headers,
    text: JSON.stringify({ models: [] }),
  });
  expect(listed).toEqual(["says nothing of cache-status", "says nothing of server-timing"]);
});

test("the parameters that are told of are those that are read, with their bounds", () => {
  const { shape } = imageQuery;
  expect(() => readOptions({ none: ["1"] })).toThrow(`only ${Object.keys(shape).join(", ")}`);
  const asked = (name: string, value: string): boolean => {
    try {
      readOptions({ [name]: [value] });
      return true;
    } catch {
      return false;
    }
  };
  for (const [name, values] of Object.entries({
    conf: [-0.1, 0, 0.5, 1, 1.1],
    iou: [-0.1, 0, 1, 1.1],
    max_detections: [0, 1, 1.5, 300, 301],
    deadline: [0, 1, 600_000, 600_001],
    format: ["xyxy", "roboflow", "coco", "yolo"],
    objective: ["cost", "balanced", "latency", "speed"],
  })) {
    for (const value of values) {
      const told = shape[name as keyof typeof shape].safeParse(value).success;
      expect({ name, value, told }).toEqual({ name, value, told: asked(name, String(value)) });
    }
  }
  const { conf, iou, max_detections, format, strict } = imageQuery.parse({});
  const usual = readOptions({});
  expect({ conf, iou, maxDetections: max_detections }).toEqual(usual.detect);
  expect({ format, strict }).toEqual({ format: usual.format, strict: usual.strict });
});
