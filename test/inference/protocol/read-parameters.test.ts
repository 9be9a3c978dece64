import { expect, test } from "vitest";
import { readRequest, refusalOf, withInput } from "#test/support/infer-messages.ts";

const saying = (parameters: unknown) => withInput({ data: [1, 2] }, { parameters });
const read = (parameters: unknown) => readRequest(saying(parameters));

test("no timeout and a timeout of 0 are the same, and one beyond any timer is cut", () => {
  expect(read({ timeout: 0 }).timeoutMs).toBeUndefined();
  expect(read({ timeout: 1_500 }).timeoutMs).toBe(1.5);
  expect(read({ timeout: 2 ** 63 }).timeoutMs).toBe(2 ** 31 - 1);
});

test("reserved parameters of the right type pass, and headers as an object are left out", () => {
  const parameters = { sequence_id: "s", sequence_start: true, sequence_end: false, priority: 0 };
  expect(read({ ...parameters, headers: { accept: "*/*" } }).parameters).toEqual(parameters);
  expect(read({ sequence_id: 7 }).parameters).toEqual({ sequence_id: 7 });
});

test("a parameter called like a member of every object is only a parameter", () => {
  const head = JSON.stringify(saying(undefined).head).replace(
    /}$/,
    ',"parameters":{"__proto__":1,"constructor":2}}',
  );
  expect(Object.entries(readRequest({ head }).parameters)).toEqual([
    ["__proto__", 1],
    ["constructor", 2],
  ]);
});

test.each([
  ["priority", "high", "a whole number from 0"],
  ["priority", -1, "a whole number from 0"],
  ["priority", 1.5, "a whole number from 0"],
  ["timeout", "1s", "a whole number of microseconds from 0"],
  ["timeout", -1, "a whole number of microseconds from 0"],
  ["timeout", null, "a whole number of microseconds from 0"],
  ["timeout", 1e300, "a whole number of microseconds from 0"],
  ["sequence_id", true, "a text or a whole number from 0"],
  ["sequence_id", -3, "a text or a whole number from 0"],
  ["sequence_start", 1, "true or false"],
  ["sequence_end", "no", "true or false"],
  ["binary_data_output", 1, "true or false"],
  ["headers", [1], "a text, a number or a truth value"],
  ["conf", null, "a text, a number or a truth value"],
  ["conf", [0.5], "a text, a number or a truth value"],
  ["conf", { low: 1 }, "a text, a number or a truth value"],
])("a request whose parameter %s is %j is refused", (name, value, expected) => {
  expect(refusalOf(() => read({ [name]: value }))).toBe(
    `parameter_invalid: parameter '${name}' is ${JSON.stringify(value)}, expected ${expected}`,
  );
});

test.each([
  [[], "Unable to parse 'parameters': not an object"],
  ["x", "Unable to parse 'parameters': not an object"],
  [
    { triton_x: 1 },
    "parameter keys starting with 'triton_' are reserved and should not be specified: 'triton_x'",
  ],
])("the parameters %j are refused as a whole", (parameters, message) => {
  expect(refusalOf(() => read(parameters))).toBe(`request_malformed: ${message}`);
});
