import { expect, test } from "vitest";
import type { TensorSpec } from "#inference/contract.ts";
import { pair, readRequest, refusalOf, withBinary, withInput } from "#test/support/infer-messages.ts";

const two = { data: [1, 2] };
const eight = Buffer.from(new Float32Array([1, 2]).buffer);
const shape = "Unable to parse 'shape' of input 'x':";
const fields =
  "Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', " +
  "'shared_memory_region' in 'parameters'. But";
const twice = { name: "x", shape: [1, 2], datatype: "FP32", ...two };

/** One input that is right but for what is given. */
const but = (wrong: object) => withInput({ ...two, ...wrong });
const said = (parameters: object) => withInput({ parameters });
const sized = (size: unknown) => withBinary(eight, { parameters: { binary_data_size: size } });
const unparsed = (size: string) => `Unable to parse 'binary_data_size' of input 'x': ${size}`;
const all = { ...two, parameters: { binary_data_size: 8, shared_memory_region: "r" } };

test.each([
  ["no inputs", { head: {} }, "Unable to parse 'inputs': it is missing"],
  ["inputs that are no list", { head: { inputs: {} } }, "Unable to parse 'inputs': expected a list"],
  ["an input that is no object", { head: { inputs: [7] } }, "Unable to parse 'inputs': 7 is not an object"],
  ["no name", but({ name: undefined }), "Unable to parse 'name': nothing is not a text"],
  ["a name that is no text", but({ name: 4 }), "Unable to parse 'name': 4 is not a text"],
  ["an unknown datatype", but({ datatype: "FP8" }), "invalid datatype \"FP8\" for input 'x'"],
  ["a member of objects", but({ datatype: "toString" }), "invalid datatype \"toString\" for input 'x'"],
  ["no datatype", but({ datatype: undefined }), "invalid datatype nothing for input 'x'"],
  ["no shape", but({ shape: undefined }), `${shape} expected a list of whole numbers`],
  ["a shape that is no list", but({ shape: 2 }), `${shape} expected a list of whole numbers`],
  ["a negative dimension", but({ shape: [-1, 2] }), `${shape} -1 is not a whole number from 0`],
  ["half a dimension", but({ shape: [1.5, 2] }), `${shape} 1.5 is not a whole number from 0`],
  ["a dimension as text", but({ shape: ["1", 2] }), `${shape} "1" is not a whole number from 0`],
  ["a dimension of 2^60", but({ shape: [2 ** 60, 2] }), `${shape} 1152921504606847000 is not a whole`],
  ["33 dimensions", but({ shape: new Array(33).fill(1) }), `${shape} 33 dimensions`],
  ["another datatype", but({ datatype: "INT8" }), "data-type is 'INT8', but model 'm' expects 'FP32'"],
  [
    "another shape",
    withInput({ shape: [1, 3], data: [1, 2, 3] }),
    "unexpected shape for input 'x' for model 'm'. Expected [-1,2], got [1,3]",
  ],
  ["another rank", but({ shape: [2] }), "input 'x' for model 'm'. Expected [-1,2], got [2]"],
  ["an unknown name", but({ name: "q" }), "unexpected inference input 'q' for model 'm'"],
  ["a name twice", { head: { inputs: [twice, twice] } }, "input 'x' already exists in request"],
  ["listed parameters", but({ parameters: [1] }), "Unable to parse 'parameters' of input 'x': not an object"],
  [
    "a listed parameter",
    but({ parameters: { a: [1] } }),
    "parameter 'a' of input 'x' is [1], expected a text",
  ],
  ["no source", withInput({}), `${fields} no field is set`],
  [
    "data and a size",
    but({ parameters: { binary_data_size: 8 } }),
    `${fields} set 'data' 'binary_data_size'`,
  ],
  ["three sources", withInput(all), `${fields} set 'data' 'binary_data_size' 'shared_memory_region'`],
  [
    "shared memory",
    said({ shared_memory_region: "r" }),
    "input 'x' lies in shared memory, which is not served",
  ],
  ["data that is an object", withInput({ data: {} }), "Unable to parse 'data': expected a list"],
  ["data that is a number", withInput({ data: 0 }), "Unable to parse 'data': expected a list"],
  ["a size as text", sized("8"), unparsed('"8"')],
  ["a negative size", sized(-8), unparsed("-8")],
  ["a size of half a byte", sized(7.5), unparsed("7.5")],
  [
    "a body that ends too soon",
    { ...withBinary(eight), behind: eight.subarray(0, 5) },
    "unexpected size for input 'x', expecting 3 additional bytes for model 'm'",
  ],
  ["no binary part", said({ binary_data_size: 8 }), "unexpected size for input 'x', expecting 8 additional"],
  [
    "more bytes than were named",
    { ...withBinary(eight), behind: Buffer.alloc(9) },
    "unexpected additional input data for model 'm': 1 bytes behind the last input",
  ],
  [
    "bytes behind a request in JSON",
    { ...withInput(two), behind: Buffer.alloc(2) },
    "unexpected additional input data for model 'm': 2 bytes behind the last input",
  ],
  [
    "a size that does not fit its shape",
    withBinary(eight, { shape: [2, 2] }),
    "input byte size mismatch for input 'x' for model 'm'. Expected 16, got 8",
  ],
])("an input with %s is refused", (_, parts, message) => {
  const refusal = refusalOf(() => readRequest(parts));
  expect(refusal).toMatch(/^request_malformed: /);
  expect(refusal).toContain(message);
});

const texts: readonly TensorSpec[] = [{ name: "x", datatype: "BYTES", shape: [-1] }];
const free: readonly TensorSpec[] = [{ ...pair, shape: [-1, -1] }];
const textsOf = (count: number) => withInput({ shape: [count], datatype: "BYTES", data: [] });

test.each([
  [
    "that decodes beyond the limit",
    withInput({ shape: [100, 2], data: [] }),
    { maxTensorBytes: 100 },
    "input 'x' has a byte_size (800 bytes) that exceeds the maximum allowed value of 100 bytes",
  ],
  [
    "whose dimensions multiply beyond counting",
    withInput({ shape: [2 ** 40, 2 ** 40], data: [] }),
    { inputs: free },
    "shape of input 'x' causes total element count to exceed maximum size",
  ],
  [
    "of more texts than there is memory for",
    textsOf(2_000),
    { inputs: texts, maxTensorBytes: 200 },
    "input 'x' has a byte_size (256000 bytes) that exceeds the maximum allowed value of 131072 bytes",
  ],
])("an input %s is refused before memory is taken", (_, parts, options, message) => {
  expect(refusalOf(() => readRequest(parts, options))).toBe(`request_malformed: ${message}`);
});

const where = "for input 'x' for model 'm'";

test.each([
  ["too few", [1, 0, 0, 0, 7], 2, `expected 2 string elements ${where}, got 1`],
  ["none", [], 1, `expected 1 string elements ${where}, got 0`],
  ["too many", [0, 0, 0, 0, 0, 0, 0, 0], 1, `unexpected number of string elements 2 ${where}, expecting 1`],
  ["half a length", [0, 0, 0, 0, 1, 0], 2, `incomplete string length indicator ${where}, expecting 4 bytes`],
  ["a length beyond the end", [9, 0, 0, 0, 1], 1, "element 0 of input 'x' for model 'm' runs 8 bytes past"],
  [
    "the longest length",
    [255, 255, 255, 255],
    1,
    "element 0 of input 'x' for model 'm' runs 4294967295 bytes",
  ],
])("elements of BYTES with %s are refused", (_, bytes, count, message) => {
  const parts = withBinary(Buffer.from(bytes), { shape: [count], datatype: "BYTES" });
  expect(refusalOf(() => readRequest(parts, { inputs: texts }))).toContain(`request_malformed: ${message}`);
});

test("a BOOL is 0 or 1 in binary too", () => {
  const inputs: readonly TensorSpec[] = [{ name: "x", datatype: "BOOL", shape: [-1] }];
  const parts = withBinary(Buffer.from([0, 1, 2]), { shape: [3], datatype: "BOOL" });
  expect(refusalOf(() => readRequest(parts, { inputs }))).toBe(
    "request_malformed: element 2 of input 'x' is neither 0 nor 1, expected a BOOL",
  );
});

test("a name of endless length is cut in the refusal", () => {
  const refusal = refusalOf(() => readRequest(but({ name: "n".repeat(5_000) })));
  expect(refusal.length).toBeLessThan(250);
});

test.each(["12a", "-1", "", "1000", "0x4", "1e1"])("the header length %j is refused", (headerLength) => {
  const refusal = refusalOf(() => readRequest({ ...withInput(two), headerLength }));
  expect(refusal).toContain("request_malformed: inference header size should be in range (0, 70), got: ");
});
