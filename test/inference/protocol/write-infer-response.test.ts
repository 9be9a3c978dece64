import { expect, test } from "vitest";
import type { Tensor, Tensors } from "#inference/contract.ts";
import { type InferAnswer, writeInferResponse } from "#inference/protocol/write-infer-response.ts";
import { refusalOf } from "#test/support/infer-messages.ts";
import { inferResponseSchema } from "#test/support/open-inference-schemas.ts";

const y: Tensor = { datatype: "FP32", shape: [1, 2], data: new Float32Array([0.1, -2]) };
const half: Tensor = { datatype: "FP16", shape: [2], data: new Uint16Array([0x3c00, 0xc000]) };
const answer: InferAnswer = {
  model: "m",
  version: "1",
  id: "r1",
  parameters: { cold: true },
  outputs: { y },
};

function write(given: Partial<InferAnswer>, request: Parameters<typeof writeInferResponse>[1]) {
  const { body, headerLength } = writeInferResponse({ ...answer, ...given }, request);
  const json = Buffer.from(body).toString("utf8", 0, headerLength ?? body.byteLength);
  inferResponseSchema.parse(JSON.parse(json));
  return { json, headerLength, behind: [...body.subarray(headerLength ?? body.byteLength)] };
}

const all = { outputs: undefined, binaryByDefault: false };
const binary = { outputs: undefined, binaryByDefault: true };
const plain = (outputs: Tensors) => write({ id: undefined, parameters: {}, outputs }, all).json;
const start = '{"model_name":"m","model_version":"1","outputs":[';

test("an answer in JSON has Triton's members in Triton's order", () => {
  expect(write({}, all)).toEqual({
    json:
      '{"id":"r1","model_name":"m","model_version":"1","parameters":{"cold":true},' +
      '"outputs":[{"name":"y","datatype":"FP32","shape":[1,2],"data":[0.1,-2]}]}',
    headerLength: undefined,
    behind: [],
  });
});

test("an answer without id and parameters does not mention them", () => {
  expect(write({ id: "", parameters: {}, outputs: {} }, all).json).toBe(`${start}]}`);
});

test("a binary output lies behind the JSON part, whose length is told", () => {
  const { json, headerLength, behind } = write({ id: undefined, parameters: {} }, binary);
  expect(json).toBe(
    `${start}{"name":"y","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}}]}`,
  );
  expect(headerLength).toBe(json.length);
  expect(behind).toEqual([...Buffer.from(new Float32Array([0.1, -2]).buffer)]);
});

test("the length of the JSON part counts bytes, not letters", () => {
  const { json, headerLength } = write({ id: "grün" }, binary);
  expect(headerLength).toBe(Buffer.byteLength(json));
});

test("outputs come in the order of the request, each as it was asked for", () => {
  const outputs = [
    { name: "n", binary: undefined, classification: undefined },
    { name: "y", binary: false, classification: undefined },
  ];
  const n: Tensor = { datatype: "UINT8", shape: [3], data: new Uint8Array([1, 2, 3]) };
  const { json, behind } = write({ outputs: { y, n } }, { outputs, binaryByDefault: true });
  expect(JSON.parse(json).outputs).toEqual([
    { name: "n", datatype: "UINT8", shape: [3], parameters: { binary_data_size: 3 } },
    { name: "y", datatype: "FP32", shape: [1, 2], data: [0.1, -2] },
  ]);
  expect(behind).toEqual([1, 2, 3]);
});

test("binary outputs without a byte say so and leave the answer JSON", () => {
  const empty: Tensor = { datatype: "FP32", shape: [0, 2], data: new Float32Array(0) };
  const { json, headerLength } = write({ outputs: { y: empty } }, binary);
  expect(json).toContain('"parameters":{"binary_data_size":0}');
  expect(headerLength).toBeUndefined();
});

test.each([
  ["half floats", half, [0x00, 0x3c, 0x00, 0xc0]],
  ["brain floats", { ...half, datatype: "BF16" } as Tensor, [0x00, 0x3c, 0x00, 0xc0]],
  [
    "bytes that are no text",
    { datatype: "BYTES", shape: [1], data: [Buffer.from([0xff])] } as Tensor,
    [1, 0, 0, 0, 0xff],
  ],
])("%s come back in binary although JSON was asked for", (_, tensor, bytes) => {
  const { json, behind } = write({ outputs: { y: tensor } }, all);
  expect(JSON.parse(json).outputs[0].parameters).toEqual({ binary_data_size: bytes.length });
  expect(behind).toEqual(bytes);
});

test("every type that JSON has a form for is written exactly", () => {
  expect(
    plain({
      a: { datatype: "BOOL", shape: [2], data: new Uint8Array([1, 0]) },
      b: { datatype: "INT64", shape: [1], data: new BigInt64Array([-(2n ** 63n)]) },
      c: { datatype: "UINT64", shape: [1], data: new BigUint64Array([2n ** 64n - 1n]) },
      d: { datatype: "FP64", shape: [3], data: new Float64Array([0.1, Number.NaN, -0]) },
      e: { datatype: "BYTES", shape: [2], data: [Buffer.from('ü"\n'), Buffer.alloc(0)] },
      f: { datatype: "INT8", shape: [], data: new Int8Array([-7]) },
    }),
  ).toBe(
    `${start}{"name":"a","datatype":"BOOL","shape":[2],"data":[true,false]},` +
      '{"name":"b","datatype":"INT64","shape":[1],"data":[-9223372036854775808]},' +
      '{"name":"c","datatype":"UINT64","shape":[1],"data":[18446744073709551615]},' +
      '{"name":"d","datatype":"FP64","shape":[3],"data":[0.1,null,-0.0]},' +
      '{"name":"e","datatype":"BYTES","shape":[2],"data":["ü\\"\\n",""]},' +
      '{"name":"f","datatype":"INT8","shape":[],"data":[-7]}]}',
  );
});

test("a name cannot break out of its quotes", () => {
  const { json } = write({ model: 'm"},{', outputs: { 'y":': y } }, all);
  expect(JSON.parse(json)).toMatchObject({ model_name: 'm"},{', outputs: [{ name: 'y":' }] });
});

const classes = { name: "y", binary: undefined, classification: 1 };

test("a classification replaces the tensor, in JSON and in binary", () => {
  const request = { outputs: [classes], binaryByDefault: false };
  const labels = { y: ["no", "yes"] };
  expect(JSON.parse(write({ labels }, request).json).outputs).toEqual([
    { name: "y", datatype: "BYTES", shape: [1, 1], data: ["0.100000:0:no"] },
  ]);
  const { behind } = write({ labels }, { ...request, binaryByDefault: true });
  expect(behind).toEqual([13, 0, 0, 0, ...Buffer.from("0.100000:0:no")]);
});

test("whether the first dimension counts a batch is told, or follows from the rank", () => {
  const shapeOf = (given: Partial<InferAnswer>) =>
    JSON.parse(write(given, { outputs: [classes], binaryByDefault: false }).json).outputs[0].shape;
  const flat: Tensor = { datatype: "FP32", shape: [2], data: new Float32Array(2) };
  expect(shapeOf({})).toEqual([1, 1]);
  expect(shapeOf({ batched: false })).toEqual([1]);
  expect(shapeOf({ outputs: { y: flat } })).toEqual([1]);
  expect(shapeOf({ outputs: { y: flat }, batched: true })).toEqual([2, 1]);
});

test("an output that is missing or not as large as its shape is our own fault", () => {
  const asked = { outputs: [{ ...classes, classification: undefined }], binaryByDefault: true };
  expect(refusalOf(() => write({ outputs: {} }, asked))).toBe("internal: output 'y' was not computed");
  expect(refusalOf(() => write({ outputs: { y: { ...half, shape: [3] } } }, asked))).toBe(
    "internal: output 'y' was not as large as its shape",
  );
});
