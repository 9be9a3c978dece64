import { expect, test } from "vitest";
import type { Datatype, Tensor } from "#inference/contract.ts";
import { readJsonData } from "#inference/protocol/json-data.ts";
import type { Side } from "#inference/protocol/side.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { refusalOf } from "#test/support/infer-messages.ts";
import { seededRandom } from "#test/support/random.ts";

const side: Side = {
  noun: "input",
  message: "request",
  ofModel: "",
  maxTensorBytes: 1_000,
  refuse: (message) => new TradewindError("request_malformed", message),
};

const read = (datatype: Datatype, text: string, shape = [text.split(",").length]): Tensor =>
  readJsonData(Buffer.from(text), { name: "x", datatype, shape }, side);
const valuesOf = (datatype: Datatype, text: string) => [...read(datatype, text).data];

test.each([
  ["BOOL", "[true, false]", [1, 0]],
  ["UINT8", "[0,255]", [0, 255]],
  ["UINT16", "[0,65535]", [0, 65_535]],
  ["UINT32", "[0,4294967295]", [0, 4_294_967_295]],
  ["UINT64", "[0,18446744073709551615]", [0n, 18_446_744_073_709_551_615n]],
  ["INT8", "[-128,127]", [-128, 127]],
  ["INT16", "[-32768,32767]", [-32_768, 32_767]],
  ["INT32", "[-2147483648,2147483647]", [-2_147_483_648, 2_147_483_647]],
  ["INT64", "[-9223372036854775808,9223372036854775807]", [-(2n ** 63n), 2n ** 63n - 1n]],
  ["INT64", "[9007199254740993,-9007199254740993]", [9_007_199_254_740_993n, -9_007_199_254_740_993n]],
  ["FP32", "[1.5,-2,1e-3]", [1.5, -2, Math.fround(0.001)]],
  ["FP64", "[0.1,-1.7976931348623157e308,5e-324]", [0.1, -Number.MAX_VALUE, 5e-324]],
  ["FP64", "[-0,1E+2,1e999]", [-0, 100, Number.POSITIVE_INFINITY]],
  ["INT32", "[1.0,2e2]", [1, 200]],
] as const)("%s takes %s from JSON exactly", (datatype, text, values) => {
  expect(valuesOf(datatype, text)).toEqual(values);
  expect(valuesOf(datatype, `[${text}]`)).toEqual(values);
});

test("null and Python's words are read as numbers that are not finite", () => {
  const text = "[null, NaN, Infinity, -Infinity]";
  const { NaN: none, POSITIVE_INFINITY: most, NEGATIVE_INFINITY: least } = Number;
  expect(valuesOf("FP32", text)).toEqual([none, none, most, least]);
  expect(valuesOf("FP64", text)).toEqual([none, none, most, least]);
});

test("rows may be nested or flat, with any space that JSON allows between", () => {
  const flat = { datatype: "INT8", shape: [2, 2], data: new Int8Array([1, 2, 3, 4]) };
  for (const text of ["[1,2,3,4]", "[[1,2],[3,4]]", " [ [ 1 ,\t2 ] ,\r\n[3,4]\n] ", "[[[1]],2,[[[3],4]]]"]) {
    expect(read("INT8", text, [2, 2])).toEqual(flat);
  }
});

test("texts are UTF-8, with JSON's escapes undone", () => {
  const { data } = read("BYTES", '["", "grün", "a\\n\\u00fc\\"", "[,]"]', [4]);
  expect(Array.from(data, String)).toEqual(["", "grün", 'a\nü"', "[,]"]);
});

test("a number is rounded as JSON.parse rounds it, however it is written", () => {
  const random = seededRandom(3);
  for (let round = 0; round < 3_000; round += 1) {
    const digits = String(random.bits())
      .repeat(2)
      .slice(0, random.integer(1, 19))
      .replace(/^0+(?=\d)/, "");
    const fraction = random.chance(0.5) ? `.${String(random.bits()).slice(0, random.integer(1, 10))}` : "";
    const exponent = random.chance(0.3) ? `e${random.integer(-330, 310)}` : "";
    const text = `${random.chance(0.5) ? "-" : ""}${digits}${fraction}${exponent}`;
    const wanted = JSON.parse(text);
    expect([text, ...valuesOf("FP64", `[${text}]`), ...valuesOf("FP64", `[[${text}]]`)]).toEqual([
      text,
      wanted,
      wanted,
    ]);
  }
});

const uint8 = "expected a whole number from 0 to 255";

test.each([
  ["UINT8", "[256]", `element 0 of input 'x' is 256, ${uint8}`],
  ["UINT8", "[1,-1]", `element 1 of input 'x' is -1, ${uint8}`],
  ["UINT8", "[1.5]", `element 0 of input 'x' is 1.5, ${uint8}`],
  ["UINT8", "[true]", `element 0 of input 'x' is true, ${uint8}`],
  ["UINT8", '["7"]', `element 0 of input 'x' is "7", ${uint8}`],
  ["UINT8", "[null]", `element 0 of input 'x' is null, ${uint8}`],
  ["INT8", "[128]", "element 0 of input 'x' is 128, expected a whole number from -128 to 127"],
  ["UINT16", "[65536]", "element 0 of input 'x' is 65536, expected a whole number from 0 to 65535"],
  ["INT16", "[-32769]", "element 0 of input 'x' is -32769, expected a whole number from -32768 to 32767"],
  ["UINT32", "[4294967296]", "is 4294967296, expected a whole number from 0 to 4294967295"],
  ["INT32", "[2147483648]", "is 2147483648, expected a whole number from -2147483648 to 2147483647"],
  [
    "UINT64",
    "[18446744073709551616]",
    "is 18446744073709551616, expected a whole number from 0 to 18446744073709551615",
  ],
  ["UINT64", "[-1]", "is -1, expected a whole number from 0 to 18446744073709551615"],
  [
    "INT64",
    "[9223372036854775808]",
    "expected a whole number from -9223372036854775808 to 9223372036854775807",
  ],
  ["INT64", "[1e300]", "is 1e300, expected a whole number from -9223372036854775808"],
  ["INT64", "[0.5]", "is 0.5, expected a whole number from -9223372036854775808"],
  ["BOOL", "[1]", "element 0 of input 'x' is 1, expected true or false"],
  ["BOOL", "[tru]", "element 0 of input 'x' is tru, expected true or false"],
  ["FP32", '["1"]', "element 0 of input 'x' is \"1\", expected a number"],
  ["FP32", "[true]", "element 0 of input 'x' is true, expected a number"],
  ["FP32", "[{}]", "element 0 of input 'x' is {}, expected a number"],
  ["FP32", "[01]", "element 0 of input 'x' is 01, expected a number"],
  ["FP32", "[+1]", "element 0 of input 'x' is +1, expected a number"],
  ["FP32", "[.5]", "element 0 of input 'x' is .5, expected a number"],
  ["FP32", "[1.]", "element 0 of input 'x' is 1., expected a number"],
  ["FP32", "[1e]", "element 0 of input 'x' is 1e, expected a number"],
  ["FP32", "[-]", "element 0 of input 'x' is -, expected a number"],
  ["FP32", "[nan]", "element 0 of input 'x' is nan, expected a number"],
  ["BYTES", "[7]", "element 0 of input 'x' is 7, expected a text"],
  ["BYTES", '["\n"]', "expected a text"],
  ["BYTES", '["\\q"]', "expected a text"],
  ["BYTES", '["\\u12"]', "expected a text"],
] as const)("%s refuses %s", (datatype, text, message) => {
  const refusal = refusalOf(() => read(datatype, text));
  expect(refusal).toMatch(/^request_malformed: Unable to parse 'data': element \d of input 'x' is /);
  expect(refusal).toContain(message);
});

test.each(["[1,]", "[,1]", "[1 2]", "[1,,2]", "[1]]", "[[1]", "[1}", "[1]x", "[1x]", "[[1]2]", "[1[2]]"])(
  "a tensor's list written as %s is not JSON",
  (text) => {
    const shape = [(text.match(/\d/g) ?? []).length];
    const refusal = refusalOf(() => read("FP32", `${text}      `, shape));
    expect(refusal).toBe("request_malformed: Unable to parse 'data' of input 'x': it is not JSON");
  },
);

const count = "does not match the true shape of the 'data' field";

test.each([
  ["too few elements", "[1,2,3]", [2, 2]],
  ["too many elements", "[1,2,3,4,5]", [2, 2]],
  ["elements where there are none", "[1]", [0]],
  ["far too few elements to take memory for", "[1]", [200, 1_000_000]],
])("%s for the shape are refused", (_, text, shape) => {
  const refusal = refusalOf(() => read("INT8", text, shape));
  expect(refusal).toBe(
    `request_malformed: Unable to parse 'data' of input 'x': its shape [${shape}] ${count}`,
  );
});

test.each(["FP16", "BF16"] as const)("%s has no form in JSON", (datatype) => {
  expect(refusalOf(() => read(datatype, "[1]"))).toBe(
    `request_malformed: receiving ${datatype} data via JSON is not supported. Please use the binary data format for input 'x'`,
  );
});
