import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hono } from "hono";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { defaultMaxBodyBytes } from "#inference/infer/answer-infer.ts";
import { serverVersion } from "#inference/server.ts";
import { pngBomb } from "#test/support/bomb.ts";
import { writeColourModel } from "#test/support/colour-model.ts";
import { openTestServer, type TestServer } from "#test/support/inference-server.ts";

const infer = "/v2/models/colours/infer";
let folder = "";
let server: TestServer;
let app: Hono;
let red: Buffer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "server-"));
  await writeColourModel(join(folder, "colours", "3", "model.onnx"));
  server = await openTestServer(folder, { limits: { maxBodyBytes: 100_000 } });
  app = server.app;
  red = await sharp({ create: { width: 128, height: 128, channels: 3, background: "#ff0000" } })
    .png()
    .toBuffer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

type Head = { readonly inputs?: unknown; readonly [key: string]: unknown };

/** An infer request with the images as binary elements behind its JSON part. */
function binaryRequest(images: readonly Uint8Array[], head: Head = {}): RequestInit {
  const elements = images.flatMap((image) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(image.byteLength);
    return [length, image];
  });
  const tensor = Buffer.concat(elements);
  const parameters = { binary_data_size: tensor.byteLength };
  const inputs = [{ name: "image", shape: [images.length], datatype: "BYTES", parameters }];
  const json = Buffer.from(JSON.stringify({ inputs, ...head }));
  const headers = { "inference-header-content-length": String(json.byteLength) };
  return { method: "POST", headers, body: Buffer.concat([json, tensor]) };
}

const rawRequest = (body: Buffer | string): RequestInit => ({
  method: "POST",
  headers: { "inference-header-content-length": "0" },
  body,
});

type Answer = {
  readonly error: string;
  readonly parameters: unknown;
  readonly outputs: readonly { readonly name: string; readonly shape: number[]; readonly data: number[] }[];
};

const read = async (response: Response): Promise<Answer> => (await response.json()) as Answer;

const outputsOf = ({ outputs }: Answer) =>
  Object.fromEntries(outputs.map(({ name, shape, data }) => [name, { shape, data }]));

test("an image sent as binary data is answered with boxes in its own pixels", async () => {
  const response = await app.request(
    infer,
    binaryRequest([red], { id: "r1", parameters: { conf: 0.5, binary_data_output: false } }),
  );
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/json");
  const body = await read(response);
  expect(body).toMatchObject({ id: "r1", model_name: "colours", model_version: "3" });
  expect(body.parameters).toEqual({
    precision: "fp32",
    queue_ms: expect.any(Number),
    preprocess_ms: expect.any(Number),
    inference_ms: expect.any(Number),
    postprocess_ms: expect.any(Number),
  });
  expect(outputsOf(body)).toEqual({
    boxes: { shape: [1, 1, 4], data: [32, 32, 96, 96] },
    scores: { shape: [1, 1], data: [1] },
    classes: { shape: [1, 1], data: [0] },
    counts: { shape: [1], data: [1] },
    sizes: { shape: [1, 2], data: [128, 128] },
  });
});

test("several images in one request are answered in their order, short rows filled with zeros", async () => {
  const black = await sharp({ create: { width: 64, height: 32, channels: 3, background: "#000" } })
    .resize(64, 64)
    .png()
    .toBuffer();
  const yellow = await sharp({ create: { width: 64, height: 64, channels: 3, background: "#ffff00" } })
    .png()
    .toBuffer();
  const response = await app.request(
    infer,
    binaryRequest([black, yellow], { outputs: [{ name: "counts" }, { name: "classes" }] }),
  );
  const body = await read(response);
  expect(body.outputs.map(({ name }) => name)).toEqual(["counts", "classes"]);
  expect(outputsOf(body)).toEqual({
    counts: { shape: [2], data: [0, 2] },
    classes: { shape: [2, 2], data: [0, 0, 0, 1] },
  });
});

test("base64 in JSON carries an image too", async () => {
  const input = {
    name: "image",
    shape: [1],
    datatype: "BYTES",
    parameters: { content_type: "base64" },
    data: [red.toString("base64")],
  };
  const inJson = await app.request(infer, { method: "POST", body: JSON.stringify({ inputs: [input] }) });
  const asBytes = await app.request(infer, binaryRequest([red]));
  expect(outputsOf(await read(inJson))).toEqual(outputsOf(await read(asBytes)));
});

test("a body that is nothing but the image is answered with binary tensors behind the JSON", async () => {
  const response = await app.request(infer, rawRequest(red));
  expect(response.headers.get("content-type")).toBe("application/octet-stream");
  const jsonBytes = Number(response.headers.get("inference-header-content-length"));
  const body = Buffer.from(await response.arrayBuffer());
  const { outputs } = JSON.parse(body.toString("utf8", 0, jsonBytes));
  expect(outputs[0]).toEqual({
    name: "boxes",
    datatype: "FP32",
    shape: [1, 1, 4],
    parameters: { binary_data_size: 16 },
  });
  const boxes = [0, 4, 8, 12].map((at) => body.readFloatLE(jsonBytes + at));
  expect(boxes).toEqual([32, 32, 96, 96]);
});

const image = { name: "image", shape: [1], datatype: "BYTES" };
const sized = (binary_data_size: unknown) => ({ ...image, parameters: { binary_data_size } });

test.each<[string, Head, string]>([
  ["another input name", { inputs: [{ ...sized(0), name: "picture" }] }, "'picture'"],
  ["two inputs", { inputs: [sized(12), sized(0)] }, "already exists"],
  [
    "another datatype",
    { inputs: [{ ...sized(0), datatype: "FP32" }] },
    "data-type is 'FP32', but model 'colours' expects 'BYTES'",
  ],
  ["a negative shape", { inputs: [{ ...sized(0), shape: [-1] }] }, "-1 is not a whole number"],
  ["seventeen images", { inputs: [{ ...sized(0), shape: [17] }] }, "expected 17 string elements"],
  ["data nowhere", { inputs: [image] }, "set only one of"],
  ["data twice", { inputs: [{ ...sized(0), data: ["x"] }] }, "set only one of"],
  ["shared memory", { inputs: [{ ...image, parameters: { shared_memory_region: "a" } }] }, "shared memory"],
  ["too small a body", { inputs: [sized(5_000)] }, "additional bytes"],
  ["too large a body", { inputs: [sized(1)] }, "string length indicator"],
  ["a size that is no number", { inputs: [sized("9")] }, "binary_data_size"],
  ["fewer elements than its shape", { inputs: [{ ...sized(12), shape: [2] }] }, "expected 2 string elements"],
  ["an unknown output", { outputs: [{ name: "output0" }] }, "unexpected inference output 'output0'"],
  ["an output twice", { outputs: [{ name: "boxes" }, { name: "boxes" }] }, "already exists"],
  ["inputs that are no list", { inputs: 7 }, "Unable to parse 'inputs'"],
])("a request with %s is malformed", async (_, head, message) => {
  const response = await app.request(infer, binaryRequest([Buffer.alloc(8)], head));
  expect(response.status).toBe(400);
  expect(response.headers.get("tradewind-error")).toBe("request_malformed");
  expect((await read(response)).error).toContain(message);
});

test.each([
  ["conf", 1.5],
  ["conf", "0.5"],
  ["iou", -0.1],
  ["max_detections", 0],
  ["max_detections", 2.5],
  ["confidence", 0.5],
])("the parameter %s of %j is refused by name", async (name, value) => {
  const response = await app.request(infer, binaryRequest([red], { parameters: { [name]: value } }));
  expect(response.status).toBe(422);
  expect(response.headers.get("tradewind-error")).toBe("parameter_invalid");
  expect((await read(response)).error).toContain(name);
});

test.each<[string, number, string, () => RequestInit]>([
  ["an empty body", 400, "body_empty", () => ({ method: "POST" })],
  ["a body that is not JSON", 400, "request_malformed", () => ({ method: "POST", body: red })],
  [
    "a header length beyond the body",
    400,
    "request_malformed",
    () => ({ ...rawRequest("x"), headers: { "inference-header-content-length": "9" } }),
  ],
  ["text for an image", 415, "image_type_unsupported", () => rawRequest("hello there")],
  ["an SVG", 415, "image_type_unsupported", () => rawRequest("<svg xmlns='http://www.w3.org/2000/svg'/>")],
  ["half a PNG", 422, "image_undecodable", () => rawRequest(red.subarray(0, 60))],
  ["a PNG bomb", 413, "image_too_large", () => rawRequest(pngBomb(10_000, 10_000))],
  ["a body over the limit", 413, "body_too_large", () => rawRequest(Buffer.alloc(100_001))],
  [
    "a compressed body",
    415,
    "encoding_unsupported",
    () => ({ ...rawRequest(red), headers: { "content-encoding": "br" } }),
  ],
])("%s is answered with %i %s and a sentence", async (_, status, code, request) => {
  const response = await app.request(infer, request());
  expect({ status: response.status, code: response.headers.get("tradewind-error") }).toEqual({
    status,
    code,
  });
  expect(response.headers.get("content-type")).toBe("application/json");
  expect(await response.json()).toEqual({ error: expect.stringMatching(/.{10}/) });
});

test.each([
  ["GET", "/v2/models/colors", 404, "model_unknown"],
  ["GET", "/v2/models/colours/versions/4", 404, "model_unknown"],
  ["POST", "/v2/models/none/infer", 404, "model_unknown"],
  ["GET", "/v2/nothing", 404, "route_unknown"],
  ["GET", infer, 405, "method_not_allowed"],
  ["DELETE", "/v2", 405, "method_not_allowed"],
])("%s %s is answered with %i %s", async (method, path, status, code) => {
  const response = await app.request(path, { method });
  expect({ status: response.status, code: response.headers.get("tradewind-error") }).toEqual({
    status,
    code,
  });
});

test("metadata, readiness and index of server and model say what clients look for", async () => {
  const get = async (path: string, method = "GET") => (await app.request(path, { method })).json();
  expect(await get("/v2")).toMatchObject({
    name: "tradewind",
    extensions: expect.arrayContaining(["binary_tensor_data"]),
  });
  expect(await get("/v2/")).toEqual(await get("/v2"));
  expect(await get("/v2/health/live")).toEqual({ live: true });
  expect(await get("/v2/health/ready")).toEqual({ live: true, ready: true });
  expect(await get("/v2/models/colours/versions/3/ready")).toEqual({ name: "colours", ready: true });
  expect(await get("/v2/repository/index", "POST")).toEqual([
    { name: "colours", version: "3", state: "READY" },
    { name: "colours-tensor", version: "3", state: "READY" },
  ]);
  expect(await get("/v2/models/colours")).toMatchObject({
    versions: ["3"],
    inputs: [{ name: "image", datatype: "BYTES", shape: [-1] }],
    parameters: {
      names: '["red","green","blue"]',
      precision: "fp32",
      input_width: 64,
      execution_provider: "cpu",
    },
  });
});

test("a server that drains says so, and asks its clients to hang up", async () => {
  server.ready = false;
  const response = await app.request("/v2/health/ready");
  const answered = await app.request(infer, rawRequest(red));
  server.ready = true;
  expect(response.status).toBe(503);
  expect(await response.json()).toEqual({ error: "the server is not ready", ready: false });
  expect(answered.status).toBe(200);
  expect(answered.headers.get("connection")).toBe("close");
});

test("the backend's metrics count outcomes by code and time each part in seconds", async () => {
  await app.request(infer, rawRequest(red));
  await app.request(infer, rawRequest("hello there"));
  const text = await (await app.request("/metrics")).text();
  expect(text).toMatch(/tradewind_backend_requests_total\{model="colours",code="ok"\} [1-9]/);
  expect(text).toMatch(
    /tradewind_backend_requests_total\{model="colours",code="image_type_unsupported"\} [1-9]/,
  );
  for (const part of ["queue", "preprocess", "inference", "postprocess"]) {
    expect(text).toContain(`tradewind_backend_image_seconds_count{model="colours",part="${part}"}`);
  }
});

test("the protocol names the version of the package", async () => {
  const { version } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8"));
  expect(serverVersion).toBe(version);
});

test("an image as large as a gateway takes is not too large for a backend with the head around it", () => {
  expect(defaultMaxBodyBytes).toBeGreaterThan(20_971_520 + 65_536);
});
