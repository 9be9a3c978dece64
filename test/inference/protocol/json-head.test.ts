import { expect, test } from "vitest";
import { readJsonHead } from "#inference/protocol/json-head.ts";
import type { Side } from "#inference/protocol/side.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { readRequest, refusalOf, withInput } from "#test/support/infer-messages.ts";

const side: Side = {
  noun: "input",
  message: "request",
  ofModel: "",
  maxTensorBytes: 8_388_608,
  refuse: (message) => new TradewindError("request_malformed", message),
};

const read = (json: string | Buffer) => readJsonHead(Buffer.from(json), side);

test("the lists of tensors are cut out and everything else is JSON's own", () => {
  const { value, data } = read(
    '{"a":[1,{"b":[2]}],"inputs":[ {"data" : [[1],["]\\"}"]] ,"x":"data"},{"data":[]}]}',
  );
  expect(value).toEqual({ a: [1, { b: [2] }], inputs: [{ data: 0, x: "data" }, { data: 1 }] });
  expect(data.map(String)).toEqual(['[[1],["]\\"}"]]', "[]"]);
});

test("of two lists under one key the last counts, and null is no list", () => {
  const { value } = read('{"inputs":[{"data":[1],"data":[2]},{"data":[3],"data":null}]}');
  expect(value).toEqual({ inputs: [{ data: 1 }, { data: null }] });
});

test("an escaped key is the same key", () => {
  expect(read('{"inputs":[{"\\u0064at\\u0061":[1]}]}').value).toEqual({ inputs: [{ data: 0 }] });
});

const hint = "; the bytes of a tensor alone need the header Inference-Header-Content-Length: 0";

test.each([
  ["text that is no JSON", "{", `the JSON part is not JSON${hint}`],
  ["nothing", "", `the JSON part is not JSON${hint}`],
  [
    "a list without end",
    '{"inputs":[{"data":[1,2',
    `the JSON part is not JSON: it ends inside a list${hint}`,
  ],
  ["a text without end", '{"inputs":["', `the JSON part is not JSON${hint}`],
  [
    "a text without end inside a list",
    '{"inputs":[{"data":["',
    `the JSON part is not JSON: it ends inside a list${hint}`,
  ],
  ["a backslash at the very end", '{"a":"\\', `the JSON part is not JSON${hint}`],
  ["a list", "[1]", `the JSON part is not an object${hint}`],
  ["null", "null", `the JSON part is not an object${hint}`],
  ["a byte order mark", "\ufeff{}", `the JSON part is not JSON${hint}`],
  ["closing brackets alone", "]]]}", `the JSON part is not JSON${hint}`],
  ["a number where a list belongs", '{"inputs":[{"data":1}]}', "Unable to parse 'data': expected a list"],
  [
    "a number under an escaped key",
    '{"inputs":[{"d\\u0061ta":0}]}',
    "Unable to parse 'data': expected a list",
  ],
])("a JSON part that is %s is refused", (_, json, message) => {
  expect(refusalOf(() => read(json))).toBe(`request_malformed: ${message}`);
});

test("bytes that are no UTF-8 are refused, also inside a tensor's texts", () => {
  const bytes = Buffer.concat([
    Buffer.from('{"inputs":[{"data":["'),
    Buffer.from([0xff]),
    Buffer.from('"]}]}'),
  ]);
  expect(refusalOf(() => read(bytes))).toBe(`request_malformed: the JSON part is not UTF-8${hint}`);
});

const depth = "request_malformed: JSON nesting depth exceeds maximum allowed limit (100)";

test.each([
  ["lists", `{"a":${"[".repeat(100)}${"]".repeat(100)}}`],
  ["objects", `${'{"a":'.repeat(101)}1${"}".repeat(101)}`],
  ["a tensor's rows", `{"inputs":[{"data":${"[".repeat(98)}1${"]".repeat(98)}}]}`],
  ["lists without end, as many as fit", `{"a":${"[".repeat(4_000_000)}`],
])("%s nested too deeply are refused before anything is parsed", (_, json) => {
  expect(refusalOf(() => read(json))).toBe(depth);
});

test("a hundred levels are allowed, and brackets in texts are no levels", () => {
  expect(() => read(`{"a":${"[".repeat(99)}${"]".repeat(99)},"b":"${"[".repeat(500)}"}`)).not.toThrow();
});

test("a JSON part without tensors is bounded more narrowly than one with them", () => {
  const long = `{"a":[${"{},".repeat(400_000)}{}]}`;
  expect(refusalOf(() => read(long))).toBe(
    "request_malformed: the JSON part has 1200010 bytes beside its tensors' data, at most 1048576",
  );
  const tensor = `{"inputs":[{"data":[${"1,".repeat(600_000)}1]}]}`;
  expect(read(tensor).data).toHaveLength(1);
});

test("a JSON part beyond the limit is refused unread", () => {
  const refusal = refusalOf(() => readRequest(withInput({ data: [1, 2] }), { maxTensorBytes: 60 }));
  expect(refusal).toBe(
    "request_malformed: request JSON size of 70 bytes exceeds the maximum allowed input size of 60 bytes",
  );
});
