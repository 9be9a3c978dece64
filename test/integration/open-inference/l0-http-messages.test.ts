import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { identityName, models } from "#test/support/identity-models.ts";
import { jsonInput } from "#test/support/infer-bodies.ts";
import { type LiveInference, openLiveInference } from "#test/support/live-inference.ts";
import type { RawAnswer, RawRequest } from "#test/support/raw-http.ts";
import { readAsClient, readError } from "#test/support/read-as-client.ts";

// What Triton's own suite of its HTTP server (qa/L0_http) holds it to, held against this one: what JSON and binary data say.

const fp16 = identityName("FP16");
const fp32 = identityName("FP32");
const bytes = identityName("BYTES");
const int32 = identityName("INT32");
const int64 = identityName("INT64");
const uint8 = identityName("UINT8");
const { simple } = models;
let live: LiveInference;

beforeAll(async () => {
  live = await openLiveInference([fp16, fp32, bytes, int32, int64, uint8, simple]);
});
afterAll(() => live[Symbol.asyncDispose]());

const infer = (model: string, request: RawRequest): Promise<RawAnswer> =>
  live.ask(`POST /v2/models/${model}/infer`, request);

const inferJson = (model: string, message: unknown): Promise<RawAnswer> =>
  infer(model, { body: typeof message === "string" ? message : JSON.stringify(message) });

const eight = jsonInput("FP32", [0, 1, 2, 3, 4, 5, 6, 7]);

test("an output that is asked for twice is refused by its name", async () => {
  const outputs = [{ name: "OUTPUT0" }, { name: "OUTPUT0" }];
  const answer = readError(await inferJson(fp32, { inputs: [eight], outputs }));
  expect(answer).toEqual({ status: 400, error: "output 'OUTPUT0' already exists in request" });
});

const numbers = Array.from({ length: 16 }, (_, index) => index + 1);
const sums = numbers.map((number) => number * 2);
const zeros = numbers.map(() => 0);
const twice = ["INPUT0", "INPUT1"].map((name) => ({
  ...{ name, datatype: "INT32", shape: [1, 16], data: numbers },
}));

test.each<[string, object, readonly string[]]>([
  ["nothing", {}, []],
  [
    "binary for the first, JSON for the second",
    outputsWith({ binary_data: true }, { binary_data: false }),
    ["OUTPUT0"],
  ],
  ["binary for the first", outputsWith({ binary_data: true }, {}), ["OUTPUT0"]],
  ["binary for all", { parameters: { binary_data_output: true } }, ["OUTPUT0", "OUTPUT1"]],
  [
    "binary for all and JSON for the first",
    { ...outputsWith({ binary_data: false }, {}), parameters: { binary_data_output: true } },
    ["OUTPUT1"],
  ],
])("a request that asks %s gets each output as it asked", async (_, rest, binary) => {
  const answer = await inferJson(simple, { inputs: twice, ...rest });
  const { json, outputs } = readAsClient(answer);
  const list = json.outputs as readonly { readonly name: string; readonly data?: unknown }[];
  expect(list.filter(({ data }) => data === undefined).map(({ name }) => name)).toEqual(binary);
  expect(answer.headers["content-type"]).toBe(
    binary.length > 0 ? "application/octet-stream" : "application/json",
  );
  expect(outputs.OUTPUT0?.data).toEqual(sums);
  expect(outputs.OUTPUT1?.data).toEqual(zeros);
});

function outputsWith(first: object, second: object): object {
  const parametersOf = (parameters: object) => (Object.keys(parameters).length > 0 ? { parameters } : {});
  const outputs = [
    { name: "OUTPUT0", ...parametersOf(first) },
    { name: "OUTPUT1", ...parametersOf(second) },
  ];
  return { outputs };
}

test.each([
  ["fewer", 15],
  ["more", 18],
])("%s elements than the shape has are refused, and the next request is served", async (_, count) => {
  const data = Array.from({ length: count }, (_, index) => index);
  const [first, second] = twice;
  const { status, error } = readError(await inferJson(simple, { inputs: [{ ...first, data }, second] }));
  expect(status).toBe(400);
  expect(error).toContain("'INPUT0'");
  expect(readAsClient(await inferJson(simple, { inputs: twice })).outputs.OUTPUT0?.data).toEqual(sums);
});

test.each([
  ["INT32", int32, "2147483648"],
  ["INT32", int32, "-2147483649"],
  ["INT32", int32, "1.5"],
  ["INT32", int32, "1e300"],
  ["INT32", int32, "true"],
  ["INT64", int64, "9223372036854775808"],
  ["INT64", int64, "1e30"],
  ["UINT8", uint8, "256"],
  ["UINT8", uint8, "-1"],
  ["UINT8", uint8, "NaN"],
  ["FP32", fp32, '"1"'],
  ["FP32", fp32, "01"],
  ["FP32", fp32, "+1"],
  ["FP32", fp32, "1."],
  ["FP32", fp32, "nan"],
  ["BYTES", bytes, "1"],
])("%s data for %s that reads %s is refused", async (datatype, model, value) => {
  const message = `{"inputs":[{"name":"INPUT0","datatype":"${datatype}","shape":[1,1],"data":[${value}]}]}`;
  expect(readError(await inferJson(model, message)).status).toBe(400);
});

test("halves in JSON are refused with the way to send them", async () => {
  const input = { name: "INPUT0", datatype: "FP16", shape: [1, 1], data: [1] };
  const { status, error } = readError(await inferJson(fp16, { inputs: [input] }));
  expect(status).toBe(400);
  expect(error).toContain("receiving FP16 data via JSON is not supported. Please use the binary data format");
});

test.each([
  ["too few bytes", { size: 32 }, 31, "expecting 1 additional bytes"],
  ["bytes behind the last input", { size: 32 }, 33, "unexpected additional input data"],
  ["a size that is not the shape's", { size: 28 }, 28, "byte size mismatch"],
  ["a negative size", { size: -1 }, 32, "binary_data_size"],
  ["a size that is text", { size: "32" }, 32, "binary_data_size"],
  ["a size beyond every number", { size: 1e300 }, 32, "binary_data_size"],
  ["another datatype", { size: 32, datatype: "INT32" }, 32, "data-type"],
  ["a datatype that there is not", { size: 32, datatype: "FP8" }, 32, "datatype"],
  ["a name that there is not", { size: 32, name: "INPUT7" }, 32, "INPUT7"],
])("binary data with %s is refused", async (_, { size, ...rest }, sent, message) => {
  const input = { name: "INPUT0", datatype: "FP32", shape: [1, 8], parameters: { binary_data_size: size } };
  const head = JSON.stringify({ inputs: [{ ...input, ...rest }] });
  const headers = { "inference-header-content-length": `${head.length}` };
  const answer = await infer(fp32, { headers, body: Buffer.concat([Buffer.from(head), Buffer.alloc(sent)]) });
  const { status, error } = readError(answer);
  expect(status).toBe(400);
  expect(error).toContain(message);
});

test.each([
  ["br", 415],
  ["zstd", 415],
  ["gzip, gzip", 415],
  ["compress", 415],
])("Content-Encoding %s is refused with %i", async (encoding, status) => {
  const request = { headers: { "content-encoding": encoding }, body: gzipSync("{}") };
  expect(readError(await infer(fp32, request)).status).toBe(status);
});

test.each(["gzip", "deflate"])("a body that is not %s although it says so is refused", async (encoding) => {
  const request = { headers: { "content-encoding": encoding }, body: JSON.stringify({ inputs: [eight] }) };
  expect(readError(await infer(fp32, request)).status).toBe(400);
});

test.each([
  ["nothing", ""],
  ["half an object", '{"inputs":'],
  ["a list", "[]"],
  ["a word", "nothing"],
  ["no inputs", "{}"],
  ["an empty list of inputs", '{"inputs":[]}'],
  ["inputs that are no objects", '{"inputs":[1,null,"x"]}'],
  ["the same input twice", JSON.stringify({ inputs: [eight, eight] })],
  ["an id that is a number", JSON.stringify({ id: 7, inputs: [eight] })],
  ["bytes that are no text", Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
  [
    "a parameter that is kept for the server",
    JSON.stringify({ inputs: [eight], parameters: { triton_x: 1 } }),
  ],
  ["a shared memory region", JSON.stringify({ inputs: [sharedMemory()] })],
])("a body of %s is refused with a sentence", async (_, body) => {
  const { status, error } = readError(await infer(fp32, { body }));
  expect(status).toBe(400);
  expect(error.length).toBeGreaterThan(10);
});

function sharedMemory(): object {
  const { data: _, ...input } = eight;
  return { ...input, parameters: { shared_memory_region: "a", shared_memory_byte_size: 32 } };
}
