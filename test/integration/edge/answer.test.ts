import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { demoFolder, type LocalEdge, openLocalEdge } from "#test/support/edge-answering.ts";
import { key } from "#test/support/gateway-app.ts";
import { type GatewayOverModels, openGatewayOverModels } from "#test/support/gateway-over-models.ts";
import { multipartBody, multipartType } from "#test/support/multipart.ts";
import { exchange, openRaw, type RawRequest, requestBytes, type Verb } from "#test/support/raw-http.ts";

const models = ["digits-n", "digits-s"];
const sample = (name: string): Buffer => readFileSync(join(demoFolder, "samples", `${name}.jpg`));
const [photo, small, tall] = [sample("14-640x480"), sample("01-320x320"), sample("19-480x640")];

let gateway: GatewayOverModels;
let edge: LocalEdge;
beforeAll(async () => {
  gateway = await openGatewayOverModels(demoFolder, models);
  edge = await openLocalEdge(models);
});
afterAll(async () => {
  await edge[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
});

const detect = "POST /v1/models/digits-n/detect" as const;
const jpeg = { "content-type": "image/jpeg" };
const json = { "content-type": "application/json" };
const form = { "content-type": multipartType() };
const base64 = (bytes: Buffer): string => bytes.toString("base64");
const asJson = (body: unknown): RawRequest => ({ headers: json, body: JSON.stringify(body) });
const asForm = (...parts: Parameters<typeof multipartBody>[0]): RawRequest => ({
  headers: form,
  body: multipartBody(parts),
});
const image = { name: "image", filename: "a.jpg", type: "image/jpeg", bytes: small };

type Told = readonly [what: string, verb: Verb, request?: RawRequest];

const good: readonly Told[] = [
  ["one image", detect],
  ["an image whose type is not said", detect, { body: photo }],
  [
    "an image called what curl calls it",
    detect,
    { headers: { "content-type": "application/x-www-form-urlencoded" }, body: small },
  ],
  ["the other model", "POST /v1/models/digits-s/detect"],
  ["a pinned version", "POST /v1/models/digits-n@1/detect"],
  ["a name with an escape in it", "POST /v1/models/digits%2Dn/detect"],
  ["high confidence alone", `${detect}?conf=0.9`],
  ["every option", `${detect}?conf=0.1&iou=0.3&max_detections=2&deadline=60000&strict=true&objective=cost`],
  ["classes by name and by number", `${detect}?classes=1,2&classes=3`],
  ["Roboflow's format", `${detect}?format=roboflow`],
  ["COCO's format", `${detect}?format=coco`],
  ["a deadline that is over before the answer", `${detect}?deadline=1`],
  ["an upright image", detect, { headers: jpeg, body: tall }],
  ["a form", detect, asForm(image)],
  [
    "a form with options in it",
    detect,
    asForm(image, { name: "conf", bytes: "0.6" }, { name: "format", bytes: "coco" }),
  ],
  ["a form with a list of one", detect, asForm({ ...image, name: "images" })],
  ["a form with two images", detect, asForm(image, { ...image, bytes: photo })],
  [
    "JSON with base64",
    detect,
    asJson({ image: base64(small), parameters: { conf: 0.5, classes: [1, "2"] } }),
  ],
  ["JSON with a data URL", detect, asJson({ image: { base64: `data:image/jpeg;base64,${base64(small)}` } })],
  ["a list of sixteen", detect, asJson({ images: Array.from({ length: 16 }, () => base64(small)) })],
  [
    "a list in which one is no image",
    detect,
    asJson({ images: [base64(small), base64(Buffer.from("no image"))] }),
  ],
  [
    "a list in which one is an address",
    detect,
    asJson({ images: [{ url: "https://example.com/a.jpg" }, base64(small)] }),
  ],
  ["a list of one that is no image", detect, asJson({ images: [base64(Buffer.from("no image"))] })],
  [
    "a list in which one is cut short",
    detect,
    asJson({ images: [base64(small.subarray(0, 900)), base64(small)] }),
  ],
  [
    "an answer that may not be kept",
    detect,
    { headers: { ...jpeg, "cache-control": "no-store" }, body: photo },
  ],
];

const bad: readonly Told[] = [
  ["an empty body", detect, { headers: jpeg, body: "" }],
  ["no image", detect, { headers: jpeg, body: "hello" }],
  ["an image cut short", detect, { headers: jpeg, body: photo.subarray(0, 2_000) }],
  ["an image whose end is missing", detect, { headers: jpeg, body: photo.subarray(0, -2_000) }],
  ["an image that is too large", detect, { headers: jpeg, body: hugePng() }],
  ["text", detect, { headers: { "content-type": "text/plain" }, body: "hello" }],
  ["a compressed body", detect, { headers: { ...jpeg, "content-encoding": "gzip" }, body: gzipSync(small) }],
  ["a body over the bound", detect, { headers: { ...jpeg, "content-length": "99999999999" }, body: small }],
  ["a deadline after which no answer is wanted", `${detect}?deadline=1&strict=true`],
  ["an unknown option", `${detect}?confidence=0.5`],
  ["options out of their bounds", `${detect}?conf=2&iou=x&max_detections=0&format=xml&deadline=0&strict=yes`],
  ["an option said twice", `${detect}?conf=0.5&conf=0.6`],
  [
    "an option said in the query and in the form",
    `${detect}?conf=0.5`,
    asForm(image, { name: "conf", bytes: "0.6" }),
  ],
  ["a class that the model does not know", `${detect}?classes=zebra`],
  ["an unknown objective", `${detect}?objective=fame`],
  ["an unknown model", "POST /v1/models/digits-x/detect"],
  ["an unknown version", "POST /v1/models/digits-n@7/detect"],
  ["a version that is none", "POST /v1/models/digits-n@a%20b/detect"],
  ["another task", "POST /v1/models/digits-n/segment"],
  ["a task that is none", "POST /v1/models/digits-n/guess"],
  ["a list of seventeen", detect, asJson({ images: Array.from({ length: 17 }, () => base64(small)) })],
  ["an empty list", detect, asJson({ images: [] })],
  ["an address of an image", detect, asJson({ image: { url: "https://example.com/a.jpg" } })],
  ["JSON that is none", detect, { headers: json, body: "{" }],
  ["JSON without an image", detect, asJson({})],
  ["JSON with more in it", detect, asJson({ image: base64(small), model: "x" })],
  ["no base64", detect, asJson({ image: "***" })],
  ["a form without an image", detect, asForm({ name: "conf", bytes: "0.5" })],
  ["a form without an end", detect, { headers: form, body: "--boundary-of-a-test\r\n" }],
  ["a form with a strange file", detect, asForm({ ...image, name: "photo" })],
  [
    "an answer only out of a cache",
    detect,
    { headers: { ...jpeg, "cache-control": "only-if-cached" }, body: small },
  ],
  ["GET where images are posted", "GET /v1/models/digits-n/detect"],
  ["POST to the list of models", "POST /v1/models"],
  ["a path that leads nowhere", "GET /v1/nothing"],
];

test.each(good.map(whole))("the device and a gateway answer alike: %s", async (_, verb, request) => {
  const [there, here] = await ask(verb, request);
  expect(here.status).toBe(200);
  expect(there.status).toBe(200);
  expect(here.body).toEqual(there.body);
  expect(here.headers).toEqual(there.headers);
  expect(here.by).toBe("edge");
});

test.each(bad.map(whole))("the device and a gateway refuse alike: %s", async (_, verb, request) => {
  const [there, here] = await ask(verb, request);
  expect(here.status).toBeGreaterThanOrEqual(400);
  expect(here).toMatchObject({ status: there.status, headers: there.headers });
  const { detail: _there, ...problem } = there.body as { detail: string };
  expect(here.body).toMatchObject(problem);
  expect(here.by).toBe("edge");
});

function whole([what, verb, request]: Told): readonly [string, Verb, RawRequest] {
  return [what, verb, request ?? (verb.startsWith("GET") ? {} : { headers: jpeg, body: photo })];
}

async function ask(verb: Verb, request: RawRequest) {
  const headers = { ...request.headers, authorization: `Bearer ${key}` };
  const bytes = requestBytes(verb, { ...request, headers });
  const from = async ({ port }: { readonly port: number }) => compared(await exchange(port, bytes));
  return await Promise.all([from(gateway), from(edge)]);
}

/** Without what tells one server, or one moment, from another. */
function compared({ status, headers, body }: Awaited<ReturnType<typeof exchange>>) {
  const shown = ["content-type", "allow", "retry-after"].map((name) => [name, headers[name]]);
  const present = ["x-request-id", "traceparent", "server-timing"].map((name) => [
    name,
    headers[name] !== undefined,
  ]);
  return {
    status,
    headers: Object.fromEntries([...shown, ...present]),
    body: without(JSON.parse(body.toString())),
    by: headers["x-tradewind-answered-by"],
  };
}

function without(answer: Record<string, unknown>): unknown {
  const { request_id, backend, cache, timings_ms, cost_usd, images, ...rest } = answer;
  expect(request_id ?? "in a list").toEqual(expect.any(String));
  const keys = [backend, cache, timings_ms, cost_usd].map((value) => typeof value);
  return {
    ...rest,
    keys,
    ...(Array.isArray(images) && { images: images.map(without) }),
  };
}

/** A header alone: 20,000 by 20,000 pixels. */
function hugePng(): Buffer {
  const png = Buffer.from(
    "89504e470d0a1a0a0000000d49484452000000000000000008020000000000000000000049454e44ae426082",
    "hex",
  );
  png.writeUInt32BE(20_000, 16);
  png.writeUInt32BE(20_000, 20);
  return png;
}

test("nobody but this machine can knock where no other host is named", async () => {
  expect(new URL(edge.url).hostname).toBe("127.0.0.1");
  await expect(fetch(`http://127.0.0.2:${edge.port}/livez`)).rejects.toThrow();
});

test("a device on its way down answers and hangs up", async () => {
  edge.ready = false;
  for (const verb of [detect, "GET /v1/models"] as const) {
    const request = verb === detect ? { headers: jpeg, body: small } : {};
    const { status, headers } = await exchange(edge.port, requestBytes(verb, request));
    expect([status, headers.connection]).toEqual([200, "close"]);
  }
  edge.ready = true;
});

test("a page's image is refused at the door too", async () => {
  const headers = { ...jpeg, origin: "https://page.example" };
  const { status, headers: said } = await exchange(edge.port, requestBytes(detect, { headers, body: small }));
  expect([status, said["x-tradewind-answered-by"]]).toEqual([403, "edge"]);
});

test("an image that comes by a name that is not the device's is refused at the door too", async () => {
  const headers = { ...jpeg, host: "page.example" };
  const { status } = await exchange(edge.port, requestBytes(detect, { headers, body: small }));
  expect(status).toBe(403);
});

test("callers who hang up in the middle of an image leave a device that answers", async () => {
  const bytes = requestBytes(detect, { headers: jpeg, body: photo });
  for (let caller = 0; caller < 8; caller += 1) {
    using connection = await openRaw(edge.port);
    connection.send(bytes.subarray(0, caller % 2 === 0 ? bytes.byteLength - 10 : bytes.byteLength));
  }
  const { status } = await exchange(edge.port, bytes);
  expect(status).toBe(200);
});
