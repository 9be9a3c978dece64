import { afterAll, beforeAll, expect, test } from "vitest";
import { identityName, models, type ServedDatatype, servedDatatypes } from "#test/support/identity-models.ts";
import { binaryRequest, jsonInput } from "#test/support/infer-bodies.ts";
import { type LiveInference, openLiveInference } from "#test/support/live-inference.ts";
import { inferResponseSchema } from "#test/support/open-inference-schemas.ts";
import type { Verb } from "#test/support/raw-http.ts";
import { type ReadResult, readAsClient, readError } from "#test/support/read-as-client.ts";

const { simple, batched } = models;
let live: LiveInference;

beforeAll(async () => {
  live = await openLiveInference([...servedDatatypes.map(identityName), simple, batched]);
});
afterAll(() => live[Symbol.asyncDispose]());

async function infer(model: string, message: object): Promise<ReadResult> {
  const answer = await live.ask(`POST /v2/models/${model}/infer`, { body: JSON.stringify(message) });
  const result = readAsClient(answer);
  inferResponseSchema.parse(result.json);
  return result;
}

test.each([
  [
    "two of the highest",
    2,
    [
      ["3.500000:1:bee", "0.250000:0:ant"],
      ["9.000000:0:ant", "1.000000:2:cat"],
    ],
  ],
  ["one of the highest", 1, [["3.500000:1:bee"], ["9.000000:0:ant"]]],
])("classification gives %s values of each item with their labels", async (_, classification, rows) => {
  const inputs = [jsonInput("FP32", [0.25, 3.5, -1, 9, 0, 1], [2, 3])];
  const asked = async (binary_data: boolean) => {
    const outputs = [{ name: "OUTPUT0", parameters: { classification, binary_data } }];
    return (await infer(batched, { inputs, outputs })).outputs.OUTPUT0;
  };
  const shape = [2, classification];
  expect(await asked(false)).toEqual({ datatype: "BYTES", shape, data: rows.flat() });
  const data = rows.flat().map((text) => Buffer.from(text));
  expect(await asked(true)).toEqual({ datatype: "BYTES", shape, data });
});

type Sample = { readonly json: readonly unknown[]; readonly bytes: Buffer };

const memory = (array: ArrayBufferView): Buffer => Buffer.from(array.buffer as ArrayBuffer);

/** The ends of each datatype, as JSON and as memory. */
const samples: Readonly<Record<Exclude<ServedDatatype, "UINT64" | "INT64">, Sample>> = {
  BOOL: { json: [true, false], bytes: Buffer.of(1, 0) },
  UINT8: { json: [0, 255], bytes: Buffer.of(0, 255) },
  UINT16: { json: [0, 65_535], bytes: memory(Uint16Array.of(0, 65_535)) },
  UINT32: { json: [0, 4_294_967_295], bytes: memory(Uint32Array.of(0, 4_294_967_295)) },
  INT8: { json: [-128, 127], bytes: memory(Int8Array.of(-128, 127)) },
  INT16: { json: [-32_768, 32_767], bytes: memory(Int16Array.of(-32_768, 32_767)) },
  INT32: { json: [-2_147_483_648, 2_147_483_647], bytes: memory(Int32Array.of(-(2 ** 31), 2 ** 31 - 1)) },
  FP16: { json: [1.5, -65_504], bytes: memory(Float16Array.of(1.5, -65_504)) },
  FP32: { json: [0.1, -3.4028235e38], bytes: memory(Float32Array.of(0.1, -3.4028235e38)) },
  FP64: { json: [0.1, 5e-324], bytes: memory(Float64Array.of(0.1, 5e-324)) },
  BYTES: { json: ["", "naïve ☃"], bytes: Buffer.from("\0\0\0\0\x0a\0\0\0naïve ☃") },
};

for (const [datatype, { json, bytes }] of Object.entries(samples) as [keyof typeof samples, Sample][]) {
  const model = identityName(datatype);
  const input = { name: "INPUT0", datatype, shape: [1, 2] };
  const wanted = (binary_data: boolean) => ({ outputs: [{ name: "OUTPUT0", parameters: { binary_data } }] });
  const inJson = datatype !== "FP16";

  test(`${datatype} goes in as memory and comes back as memory and as JSON`, async () => {
    const verb: Verb = `POST /v2/models/${model}/infer`;
    const binary = await live.ask(verb, binaryRequest(input, bytes, wanted(true)));
    const headerLength = Number(binary.headers["inference-header-content-length"]);
    expect(binary.body.subarray(headerLength)).toEqual(bytes);
    const text = await live.ask(verb, binaryRequest(input, bytes, wanted(false)));
    expect(readAsClient(text).outputs.OUTPUT0).toEqual({ datatype, shape: [1, 2], data: json });
    // JSON has no form for halves, so they come as memory whatever was asked for.
    expect(text.headers["content-type"]).toBe(inJson ? "application/json" : "application/octet-stream");
  });

  if (!inJson) continue;
  test(`${datatype} goes in as JSON and comes back as memory and as JSON`, async () => {
    const inputs = [{ ...input, data: json }];
    const text = await infer(model, { inputs, ...wanted(false) });
    expect(text.outputs.OUTPUT0).toEqual({ datatype, shape: [1, 2], data: json });
    const answer = await live.ask(`POST /v2/models/${model}/infer`, {
      body: JSON.stringify({ inputs, ...wanted(true) }),
    });
    const headerLength = Number(answer.headers["inference-header-content-length"]);
    expect(answer.body.subarray(headerLength)).toEqual(bytes);
  });
}

test.each<[ServedDatatype, string, bigint]>([
  ["UINT64", "18446744073709551615", 2n ** 64n - 1n],
  ["INT64", "-9223372036854775808", -(2n ** 63n)],
])("%s keeps all its bits in JSON and as memory, as in %s", async (datatype, digits, value) => {
  const verb: Verb = `POST /v2/models/${identityName(datatype)}/infer`;
  const head = `{"inputs":[{"name":"INPUT0","datatype":"${datatype}","shape":[1,1],"data":[${digits}]}]`;
  const text = await live.ask(verb, { body: `${head}}` });
  expect(text.body.toString()).toContain(`"data":[${digits}]`);
  const binary = await live.ask(verb, { body: `${head},"parameters":{"binary_data_output":true}}` });
  expect(readAsClient(binary).outputs.OUTPUT0?.data).toEqual([value]);
  const input = { name: "INPUT0", datatype, shape: [1, 1] };
  const bytes = memory(BigUint64Array.of(BigInt.asUintN(64, value)));
  expect((await live.ask(verb, binaryRequest(input, bytes))).body.toString()).toContain(`"data":[${digits}]`);
});

test("what is no number goes in as its word and comes back as null or as memory", async () => {
  const verb: Verb = `POST /v2/models/${identityName("FP32")}/infer`;
  const head =
    '{"inputs":[{"name":"INPUT0","datatype":"FP32","shape":[1,4],"data":[NaN,Infinity,-Infinity,-0.0]}]';
  const text = readAsClient(await live.ask(verb, { body: `${head}}` }));
  expect(text.outputs.OUTPUT0?.data.slice(0, 3)).toEqual([null, null, null]);
  const binary = readAsClient(
    await live.ask(verb, { body: `${head},"parameters":{"binary_data_output":true}}` }),
  );
  expect(binary.outputs.OUTPUT0?.data).toEqual([Number.NaN, Infinity, -Infinity, -0]);
});

test("tensors without elements go through in every form", async () => {
  const input = { name: "INPUT0", datatype: "FP64", shape: [0, 3] };
  const empty = { datatype: "FP64", shape: [0, 3], data: [] };
  const model = identityName("FP64");
  const text = await infer(model, { inputs: [{ ...input, data: [] }] });
  expect(text.outputs.OUTPUT0).toEqual(empty);
  const request = binaryRequest(input, Buffer.alloc(0), { parameters: { binary_data_output: true } });
  const answer = await live.ask(`POST /v2/models/${model}/infer`, request);
  expect(answer.headers["content-type"]).toBe("application/json");
  expect(readAsClient(answer)).toMatchObject({
    json: { outputs: [{ parameters: { binary_data_size: 0 } }] },
    outputs: { OUTPUT0: empty },
  });
});

test("nested rows and a flat list are the same tensor", async () => {
  const inputs = (data: readonly unknown[]) => [jsonInput("INT32", data, [2, 2])];
  const model = identityName("INT32");
  const nested = await infer(model, {
    inputs: inputs([
      [1, 2],
      [3, 4],
    ]),
  });
  const flat = await infer(model, { inputs: inputs([1, 2, 3, 4]) });
  expect(nested).toEqual(flat);
  expect(flat.outputs.OUTPUT0).toEqual({ datatype: "INT32", shape: [2, 2], data: [1, 2, 3, 4] });
});

test.each([
  ["plain", "r1"],
  ["beyond ASCII", "Bild ☃ 😀"],
  ["with quotes", 'a"b\\c\n'],
])("an id that is %s comes back as it was, and without one none comes", async (_, id) => {
  const inputs = [jsonInput("INT8", [1])];
  const model = identityName("INT8");
  expect((await infer(model, { id, inputs })).json.id).toBe(id);
  expect("id" in (await infer(model, { inputs })).json).toBe(false);
});

test.each<[string, object]>([
  ["a priority and a timeout", { priority: 2, timeout: 5_000_000 }],
  ["a timeout beyond every clock", { timeout: 18_446_744_073_709_552_000 }],
  ["a sequence", { sequence_id: 7, sequence_start: true, sequence_end: false }],
  ["a sequence by name", { sequence_id: "camera 1", sequence_start: true }],
  ["the caller's own", { text: "t", truth: true, whole: 3, real: 0.5 }],
  ["headers", { headers: { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" } }],
])("parameters with %s are taken", async (_, parameters) => {
  const { outputs } = await infer(simple, {
    parameters,
    inputs: ["INPUT0", "INPUT1"].map((name) => ({
      ...jsonInput(
        "INT32",
        Array.from({ length: 16 }, () => 1),
      ),
      name,
    })),
  });
  expect(outputs.OUTPUT0?.data[0]).toBe(2);
});

test.each<[string, object]>([
  ["a priority that is text", { priority: "high" }],
  ["a negative timeout", { timeout: -1 }],
  ["a sequence_start that is a number", { sequence_start: 1 }],
  ["a binary_data_output that is text", { binary_data_output: "yes" }],
  ["a list", { own: [1] }],
  ["nothing", { own: null }],
])("parameters with %s are refused", async (_, parameters) => {
  const body = JSON.stringify({ parameters, inputs: [jsonInput("INT8", [1])] });
  const answer = await live.ask(`POST /v2/models/${identityName("INT8")}/infer`, { body });
  expect([400, 422]).toContain(readError(answer).status);
});
