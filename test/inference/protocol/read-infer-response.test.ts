import { expect, test } from "vitest";
import type { TensorSpec } from "#inference/contract.ts";
import { readInferResponse } from "#inference/protocol/read-infer-response.ts";
import { refusalOf } from "#test/support/infer-messages.ts";

const outputs: readonly TensorSpec[] = [{ name: "y", datatype: "FP32", shape: [-1, 2] }];

function read(head: unknown, behind = Buffer.alloc(0), headerLength?: string) {
  const json = Buffer.from(typeof head === "string" ? head : JSON.stringify(head));
  const length = headerLength ?? (behind.byteLength > 0 ? `${json.byteLength}` : undefined);
  return readInferResponse(Buffer.concat([json, behind]), length, { outputs, maxTensorBytes: 1_000 });
}

const y = { name: "y", datatype: "FP32", shape: [1, 2] };
const eight = Buffer.from(new Float32Array([1, 2]).buffer);
const tensors = { y: { datatype: "FP32", shape: [1, 2], data: new Float32Array([1, 2]) } };

test("another server's answer is read, in binary and in JSON", () => {
  const binary = { outputs: [{ ...y, parameters: { binary_data_size: 8 } }] };
  expect(read(binary, eight)).toEqual({ outputs: tensors, parameters: {} });
  expect(read({ outputs: [{ ...y, data: [1, 2] }] })).toEqual({ outputs: tensors, parameters: {} });
});

test("of what else a server says only plain parameters are kept", () => {
  const parameters = { ms: 3, warm: true, note: "n", deep: {}, none: null };
  const answer = { id: 7, model_name: [], parameters, outputs: [{ ...y, data: [1, 2] }] };
  expect(read(answer).parameters).toEqual({ ms: 3, warm: true, note: "n" });
});

const told = "the tensor server's answer cannot be read:";
const out = (wrong: object) => ({ outputs: [{ ...y, data: [1, 2], ...wrong }] });
const sized = (size: unknown) => ({ outputs: [{ ...y, parameters: { binary_data_size: size } }] });
const nested = `{"outputs":[{"data":${"[".repeat(200)}`;

test.each([
  ["no JSON", "<html>", "the JSON part is not JSON"],
  ["nothing", "", "the JSON part is not JSON"],
  ["a list", [], "the JSON part is not an object"],
  ["an error instead of outputs", { error: "no" }, "Unable to parse 'outputs': it is missing"],
  ["no outputs", { outputs: [] }, "output 'y' is missing"],
  ["an output nobody asked for", out({ name: "z" }), "unexpected inference output 'z'"],
  [
    "an output twice",
    { outputs: [...out({}).outputs, ...out({}).outputs] },
    "output 'y' already exists in response",
  ],
  [
    "another type",
    out({ datatype: "INT8" }),
    "inference output 'y' data-type is 'INT8', but the model expects 'FP32'",
  ],
  ["another shape", out({ shape: [2] }), "unexpected shape for output 'y'. Expected [-1,2], got [2]"],
  ["a shape without end", out({ shape: [2 ** 40, 2] }), "output 'y' has a byte_size (8796093022208 bytes)"],
  [
    "too large a tensor",
    out({ shape: [500, 2] }),
    "output 'y' has a byte_size (4000 bytes) that exceeds the maximum",
  ],
  [
    "too few numbers",
    out({ data: [1] }),
    "Unable to parse 'data' of output 'y': its shape [1,2] does not match",
  ],
  ["texts for numbers", out({ data: ["a", "b"] }), "element 0 of output 'y' is \"a\", expected a number"],
  ["no data", out({ data: undefined }), "Output must set only one of the following fields"],
  ["a size beyond the body", sized(8), "unexpected size for output 'y', expecting 8 additional bytes"],
  ["a negative size", sized(-1), "Unable to parse 'binary_data_size' of output 'y': -1"],
  ["lists nested without end", nested, "JSON nesting depth exceeds maximum allowed limit (100)"],
  [
    "more JSON than a tensor has bytes",
    { outputs: [], pad: "x".repeat(1_000) },
    "response JSON size of 1023 bytes",
  ],
])("an answer with %s is the backend's fault", (_, head, message) => {
  const refusal = refusalOf(() => read(head));
  expect(refusal.startsWith(`backend_answer_invalid: ${told} `)).toBe(true);
  expect(refusal).toContain(message);
});

test.each(["x", "-1", "5000"])("an answer whose header length is %j is the backend's fault", (length) => {
  const refusal = refusalOf(() => read(out({}), eight, length));
  expect(refusal).toContain(`backend_answer_invalid: ${told} inference header size should be in range`);
});

test("an answer whose header length is 0 has no JSON part", () => {
  expect(refusalOf(() => read(out({}), eight, "0"))).toBe(
    `backend_answer_invalid: ${told} the JSON part is not JSON`,
  );
});

test("bytes behind the last output are the backend's fault", () => {
  const refusal = refusalOf(() => read(out({}), eight));
  expect(refusal).toContain("unexpected additional output data: 8 bytes behind the last output");
});
