import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { identityName, models } from "#test/support/identity-models.ts";
import { jsonInput } from "#test/support/infer-bodies.ts";
import { type LiveInference, openLiveInference } from "#test/support/live-inference.ts";
import {
  exchange,
  type RawAnswer,
  type RawRequest,
  requestBytes,
  type Verb,
} from "#test/support/raw-http.ts";
import { readAsClient, readError } from "#test/support/read-as-client.ts";

// What Triton's own suite of its HTTP server (qa/L0_http) holds it to, held against this one: bodies, their framing and their limits.

const maxBodyBytes = 400_000;
const fp16 = identityName("FP16");
const fp32 = identityName("FP32");
const fp64 = identityName("FP64");
const bytes = identityName("BYTES");
const int64 = identityName("INT64");
const { simple, batched, oneText, twoTexts, crowded } = models;
let live: LiveInference;

beforeAll(async () => {
  live = await openLiveInference(
    [fp16, fp32, fp64, bytes, int64, simple, batched, oneText, twoTexts, crowded],
    {
      ...{ control: { mode: "explicit", load: "all" }, limits: { maxBodyBytes } },
    },
  );
});
afterAll(() => live[Symbol.asyncDispose]());

const infer = (model: string, request: RawRequest): Promise<RawAnswer> =>
  live.ask(`POST /v2/models/${model}/infer`, request);

const inferRaw = (model: string, body: Buffer | string): Promise<RawAnswer> =>
  infer(model, { headers: { "inference-header-content-length": "0" }, body });

const inferJson = (model: string, message: unknown): Promise<RawAnswer> =>
  infer(model, { body: typeof message === "string" ? message : JSON.stringify(message) });

const isLive = async (): Promise<boolean> => (await live.ask("GET /v2/health/live")).status === 200;

/** The bytes behind the JSON part. */
function binaryOf(answer: RawAnswer): Buffer {
  expect(answer.status).toBe(200);
  return answer.body.subarray(Number(answer.headers["inference-header-content-length"]));
}

const floats = (count: number): Buffer =>
  Buffer.from(Float32Array.from({ length: count }, (_, index) => index).buffer);

test.each([8, 32])("a raw body of %i floats comes back as it went", async (count) => {
  const answer = await inferRaw(batched, floats(count));
  expect(binaryOf(answer)).toEqual(floats(count));
  expect(readAsClient(answer).outputs.OUTPUT0?.shape).toEqual([1, count]);
});

test("a raw text comes back with its length before it", async () => {
  const answer = await inferRaw(oneText, "427");
  expect(binaryOf(answer)).toEqual(Buffer.from("\x03\x00\x00\x00427", "latin1"));
});

test.each([
  ["texts of more than one element", twoTexts, "raw input 'INPUT0', the model must have input shape [1]"],
  ["two free dimensions", fp16, "'INPUT0' can not be deduced because there are more than one variable-sized"],
  ["two inputs", simple, "Raw request must only have 1 input to be deduced but got 2 inputs"],
  ["half a float too much", batched, "byte size mismatch for input 'INPUT0'"],
])("a raw body for %s is refused", async (_, model, message) => {
  const { status, error } = readError(await inferRaw(model, Buffer.alloc(30)));
  expect(status).toBe(400);
  expect(error).toContain(message);
});

test("a raw body in one chunk comes back as it went", async () => {
  const chunk = Buffer.concat([Buffer.from("20\r\n"), floats(8), Buffer.from("\r\n0\r\n\r\n")]);
  const head = requestBytes(`POST /v2/models/${batched}/infer`, {
    headers: { "transfer-encoding": "chunked", "inference-header-content-length": "0" },
  });
  expect(binaryOf(await exchange(live.port, Buffer.concat([head, chunk])))).toEqual(floats(8));
});

test.each([65_536, 65_537, 100_000])("%i chunks of one byte do no harm", async (count) => {
  const head = requestBytes(`POST /v2/models/${simple}/infer`, {
    headers: { "transfer-encoding": "chunked", "inference-header-content-length": "0", connection: "close" },
  });
  const chunks = Buffer.from(`${"1\r\nA\r\n".repeat(count)}0\r\n\r\n`);
  const { status } = readError(await exchange(live.port, Buffer.concat([head, chunks])));
  expect([400, 413]).toContain(status);
  expect(await isLive()).toBe(true);
});

test("of two requests where one may wait, the other is told 503 and when to come back", async () => {
  const answers = await Promise.all([inferRaw(crowded, floats(8)), inferRaw(crowded, floats(8))]);
  const [served, full] = answers.sort((one, other) => one.status - other.status);
  expect(served && binaryOf(served)).toEqual(floats(8));
  expect(full && readError(full)).toEqual({ status: 503, error: expect.stringMatching(/queue|full|wait/i) });
  expect(Number(full?.headers["retry-after"])).toBeGreaterThan(0);
});

test.each([
  ["overflows 64 bits", "[16, 1152921504606846978]"],
  ["overflows 64 bits as bytes", "[4, 1152921504606846978]"],
  ["overflows as an element count", "[67108864, 268435456]"],
  ["is larger than anything allowed", "[1048576, 1024]"],
  ["has a negative dimension", "[2, -5]"],
  ["has half a dimension", "[2, 0.5]"],
  ["has a dimension that is text", '[1, "8"]'],
  ["has a dimension beyond every number", "[1, 1e400]"],
  ["is no list", "8"],
  ["is missing", "null"],
  ["has too many dimensions", `[${"1,".repeat(1_000)}1]`],
])("a shape that %s is refused before any memory is taken", async (_, shape) => {
  const message = `{"inputs":[{"name":"INPUT0","shape":${shape},"datatype":"FP32","data":[1.0]}]}`;
  const { status, error } = readError(await inferJson(fp32, message));
  expect(status).toBe(400);
  expect(error.length).toBeLessThan(500);
});

test("a model in a load request is refused by its size, and by what it is", async () => {
  const load = (parameters: object) =>
    live.ask(`POST /v2/repository/models/${fp32}/load`, { body: JSON.stringify({ parameters }) });
  const large = await load({ config: "{}", "file:1/model.onnx": "A".repeat(2_000_000) });
  expect(readError(large).status).toBe(413);
  const small = await load({ config: "{}", "file:1/model.onnx": "YQ==" });
  expect(readError(small).status).toBe(400);
  const longName = await load({ config: "{}", [`file:${"A".repeat(256)}`]: "YQ==" });
  expect(readError(longName).status).toBe(400);
  expect((await live.ask("GET /v2/health/ready")).status).toBe(200);
});

test.each([
  ["BYTES", bytes, '"hello"'],
  ["INT64", int64, "123"],
])("JSON of %s may nest 50 deep and not 120", async (datatype, model, value) => {
  const nested = (depth: number) => {
    const data = "[".repeat(depth) + value + "]".repeat(depth);
    return `{"inputs":[{"name":"INPUT0","datatype":"${datatype}","shape":[1,1],"data":${data}}]}`;
  };
  expect(readAsClient(await inferJson(model, nested(50))).outputs.OUTPUT0?.shape).toEqual([1, 1]);
  const { status, error } = readError(await inferJson(model, nested(120)));
  expect(status).toBe(400);
  expect(error).toContain("JSON nesting depth exceeds maximum allowed limit (100)");
});

test.each(["parameters", "id", "outputs", "something"])("%s nested without end is refused", async (key) => {
  const message = `{"inputs":[],"${key}":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  expect(readError(await inferJson(fp32, message)).status).toBe(400);
});

test("an index request nested without end is told that ready is a truth value", async () => {
  const body = `{"ready":${"[".repeat(250_000)}true${"]".repeat(250_000)}}`;
  const { status, error } = readError(await live.ask("POST /v2/repository/index", { body }));
  expect(status).toBe(400);
  expect(error).toContain("'ready'");
  expect(await isLive()).toBe(true);
});

const eight = jsonInput("FP32", [0, 1, 2, 3, 4, 5, 6, 7]);

test.each(["99999999999", "999999999999999999999999", "-1", "0x10", "1.5", "ten", "12 12", "NaN"])(
  "a header length of %j is refused",
  async (length) => {
    const headers = { "inference-header-content-length": length };
    const answer = await infer(fp32, { headers, body: JSON.stringify({ inputs: [eight] }) });
    expect(readError(answer).status).toBe(400);
    expect(await isLive()).toBe(true);
  },
);

test("the limit of a body is the same for raw, JSON and compressed ones, to the byte", async () => {
  const raw = async (size: number) => (await inferRaw(oneText, Buffer.alloc(size, "a"))).status;
  expect([await raw(maxBodyBytes), await raw(maxBodyBytes + 1)]).toEqual([200, 413]);
  const padded = (size: number): string => JSON.stringify({ inputs: [eight] }).padEnd(size);
  const json = async (size: number) => (await inferJson(fp32, padded(size))).status;
  expect([await json(maxBodyBytes), await json(maxBodyBytes + 1)]).toEqual([200, 413]);
  const zipped = (size: number) =>
    infer(fp32, { headers: { "content-encoding": "gzip" }, body: gzipSync(padded(size)) });
  expect((await zipped(maxBodyBytes)).status).toBe(200);
  const { status, error } = readError(await zipped(maxBodyBytes + 1));
  expect(status).toBe(413);
  expect(error).toContain(`${maxBodyBytes}`);
});

test("a long text in JSON is taken up to the limit", async () => {
  const message = (size: number) => {
    const head = '{"inputs":[{"name":"INPUT0","datatype":"BYTES","shape":[1,1],"data":["';
    return `${head}${"A".repeat(size - head.length - 5)}"]}]}`;
  };
  const { outputs } = readAsClient(await inferJson(bytes, message(maxBodyBytes)));
  expect(`${outputs.OUTPUT0?.data[0]}`.length).toBeGreaterThan(maxBodyBytes - 100);
  expect((await inferJson(bytes, message(maxBodyBytes + 1))).status).toBe(413);
});

test("numbers that take more memory than their text are bounded by what they take", async () => {
  const message = (count: number) =>
    `{"inputs":[{"name":"INPUT0","datatype":"FP64","shape":[1,${count}],"data":[${"0,".repeat(count - 1)}0]}]}`;
  const fits = maxBodyBytes / 8;
  expect(message(fits + 1).length).toBeLessThan(maxBodyBytes / 2);
  expect((await inferJson(fp64, message(fits))).status).toBe(200);
  const { status, error } = readError(await inferJson(fp64, message(fits + 1)));
  expect(status).toBe(400);
  expect(error).toContain("exceeds the maximum allowed value");
});

test("a hundred compressed bodies with a wrong header length are refused one like the other", async () => {
  const body = gzipSync(Buffer.alloc(maxBodyBytes, " "));
  const headers = { "content-encoding": "gzip", "inference-header-content-length": "9999999" };
  const statuses = new Set<number>();
  for (let round = 0; round < 100; round += 1) statuses.add((await infer(fp32, { headers, body })).status);
  expect([...statuses]).toEqual([400]);
});

test.each([
  ["a base path", "GET /base_path/v2/health/live", 404],
  ["a model behind a base path", `POST /base_path/v2/models/${simple}/infer`, 404],
  ["the endpoint for text models", `POST /v2/models/${simple}/generate`, 404],
  ["the root", "GET /", 404],
  ["GET on infer", `GET /v2/models/${simple}/infer`, 405],
  ["POST on metadata", "POST /v2", 405],
  ["DELETE on a model", `DELETE /v2/models/${simple}`, 405],
  ["a path that climbs", "GET /v2/models/../../etc/passwd", 404],
  ["a name that climbs in escapes", "GET /v2/models/..%2f..%2fetc", 404],
  ["a name with a broken escape", "GET /v2/models/%zz", 404],
])("%s (%s) is answered with a readable %i", async (_, verb, status) => {
  const answer = await live.ask(verb as Verb, { body: "{}" });
  expect(readError(answer).status).toBe(status);
});
