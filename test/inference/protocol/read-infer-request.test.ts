import { expect, test } from "vitest";
import { readInferRequest } from "#inference/protocol/read-infer-request.ts";
import { pair, readRequest, refusalOf, withBinary, withInput } from "#test/support/infer-messages.ts";

const two = { data: [1, 2] };
const eightBytes = Buffer.from(new Float32Array([1, 2]).buffer);

test("a request in JSON gives typed tensors, and what else it says", () => {
  const request = readRequest(
    withInput(two, {
      id: "r1",
      parameters: { priority: 2, timeout: 5_000_000, conf: 0.25, note: "n", deep: true },
      outputs: [{ name: "y", parameters: { binary_data: false } }],
    }),
  );
  expect(request).toEqual({
    id: "r1",
    parameters: { priority: 2, timeout: 5_000_000, conf: 0.25, note: "n", deep: true },
    inputs: { x: { datatype: "FP32", shape: [1, 2], data: new Float32Array([1, 2]) } },
    inputParameters: { x: {} },
    outputs: [{ name: "y", binary: false, classification: undefined }],
    binaryByDefault: false,
    priority: 2,
    timeoutMs: 5_000,
  });
});

test("members and nulls that the protocol does not name are passed over", () => {
  const { id, outputs, parameters, timeoutMs } = readRequest(
    withInput(
      { ...two, parameters: null },
      { model_name: "m", id: null, outputs: null, parameters: null, more: [{ data: [1] }] },
    ),
  );
  expect([id, outputs, parameters, timeoutMs]).toEqual([undefined, undefined, {}, undefined]);
});

test("an empty list of outputs asks for all", () => {
  expect(readRequest(withInput(two, { outputs: [] })).outputs).toBeUndefined();
});

test("a binary tensor is read wherever it lies, into memory that nothing else shares", () => {
  const { inputs } = readRequest(withBinary(eightBytes));
  const { x } = inputs;
  expect(x).toEqual({ datatype: "FP32", shape: [1, 2], data: new Float32Array([1, 2]) });
  expect(x?.datatype === "FP32" && x.data.buffer.byteLength).toBe(8);
});

test("elements of BYTES stay where they lie", () => {
  const behind = Buffer.from([1, 0, 0, 0, 7, 0, 0, 0, 0]);
  const inputs = [{ name: "x", datatype: "BYTES", shape: [-1] }] as const;
  const request = readRequest(withBinary(behind, { shape: [2], datatype: "BYTES" }), { inputs });
  expect(request.inputs.x?.data).toEqual([Buffer.from([7]), Buffer.alloc(0)]);
});

test("what is said of an input comes along, without where its bytes lie", () => {
  const parameters = { binary_data_size: 8, content_type: "np", depth: 3 };
  const { inputParameters } = readRequest(withBinary(eightBytes, { parameters }));
  expect(inputParameters).toEqual({ x: { content_type: "np", depth: 3 } });
});

test("tensors in JSON and behind it mix, each in its order", () => {
  const inputs = [pair, { ...pair, name: "z" }, { ...pair, name: "w" }];
  const binary = { shape: [1, 2], datatype: "FP32", parameters: { binary_data_size: 8 } };
  const head = {
    inputs: [
      { name: "w", ...binary },
      { name: "x", shape: [1, 2], datatype: "FP32", data: [[5, 6]] },
      { name: "z", ...binary },
    ],
  };
  const behind = Buffer.from(new Float32Array([1, 2, 3, 4]).buffer);
  const read = readRequest({ head, behind }, { inputs }).inputs;
  expect(Object.entries(read).map(([name, { data }]) => [name, [...data]])).toEqual([
    ["w", [1, 2]],
    ["x", [5, 6]],
    ["z", [3, 4]],
  ]);
});

test.each([
  ["JSON", withInput({ shape: [0, 2], data: [] })],
  ["binary", withBinary(Buffer.alloc(0), { shape: [0, 2] })],
])("a tensor of no elements is read from %s", (_, parts) => {
  expect(readRequest(parts).inputs.x).toEqual({
    datatype: "FP32",
    shape: [0, 2],
    data: new Float32Array(0),
  });
});

test("the parameter binary_data_output asks for binary, an output's own word stands beside it", () => {
  const outputs = [{ name: "y", parameters: { binary_data: false, classification: 3, other: "x" } }];
  const request = readRequest(withInput(two, { parameters: { binary_data_output: true }, outputs }));
  expect(request.binaryByDefault).toBe(true);
  expect(request.outputs).toEqual([{ name: "y", binary: false, classification: 3 }]);
});

test("a classification of nothing is none", () => {
  const outputs = [{ name: "y", parameters: { classification: 0 } }];
  expect(readRequest(withInput(two, { outputs })).outputs?.[0]?.classification).toBeUndefined();
});

const batch = { maxBatchSize: 4 };
const shaped = (rows: number) => withInput({ shape: [rows, 2], data: new Array(rows * 2).fill(0) });

test("a batch may have as many items as the model takes", () => {
  expect(readRequest(shaped(4), batch).inputs.x?.shape).toEqual([4, 2]);
});

const twice = { name: "x", shape: [1, 2], datatype: "FP32", ...two };
const both = { inputs: [pair, { ...pair, name: "z" }] };
const uneven = [twice, { ...twice, name: "z", shape: [2, 2], data: [1, 2, 3, 4] }];
const size = "inference request batch-size must be <= 4 and at least 1 for model 'm', got ";
const missing = "expected 2 inputs but got";

test.each([
  ["too many items", shaped(5), batch, `${size}5`],
  ["no items", shaped(0), batch, `${size}0`],
  ["one input missing", withInput(two), both, `${missing} 1 inputs for model 'm'. Got input(s) ['x'],`],
  ["both inputs missing", { head: { inputs: [] } }, both, "but missing required input(s) ['x','z']"],
  [
    "inputs of different batches",
    { head: { inputs: uneven } },
    { ...both, ...batch },
    "input 'z' batch size does not match other inputs for model 'm'",
  ],
])("a request with %s does not fit the model", (_, parts, options, message) => {
  const refusal = refusalOf(() => readRequest(parts, options));
  expect(refusal).toMatch(/^request_malformed: /);
  expect(refusal).toContain(message);
});

test.each([
  ["that is no text", 7, "Unable to parse 'id': 7 is not a text"],
  ["without end", "i".repeat(1_001), "Unable to parse 'id': it has 1001 characters, at most 1000"],
])("an id %s is refused", (_, id, message) => {
  expect(refusalOf(() => readRequest(withInput(two, { id })))).toBe(`request_malformed: ${message}`);
});

test("a model without a name is not named in a refusal", () => {
  const options = { inputs: [pair], outputs: [], maxBatchSize: 0, maxTensorBytes: 1_000 };
  const { head } = withInput({ shape: [3], data: [1, 2, 3] });
  const refusal = refusalOf(() =>
    readInferRequest(Buffer.from(JSON.stringify(head)), undefined, () => options),
  );
  expect(refusal).toBe("request_malformed: unexpected shape for input 'x'. Expected [-1,2], got [3]");
});

test("what is expected of a request may depend on the names of its inputs", () => {
  const byName = (names: readonly string[]) => ({
    inputs: [{ ...pair, name: names.includes("z") ? "z" : "x" }],
    outputs: [],
    maxBatchSize: 0,
    maxTensorBytes: 1_000,
  });
  const named = (name: unknown) => Buffer.from(JSON.stringify(withInput({ ...two, name }).head));
  const inputsOf = (name: unknown) => Object.keys(readInferRequest(named(name), undefined, byName).inputs);
  expect([inputsOf("x"), inputsOf("z")]).toEqual([["x"], ["z"]]);
  expect(refusalOf(() => inputsOf(7))).toBe("request_malformed: Unable to parse 'name': 7 is not a text");
  expect(Object.keys(readInferRequest(eightBytes, "0", byName).inputs)).toEqual(["x"]);
});
