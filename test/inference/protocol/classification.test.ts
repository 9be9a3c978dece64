import { expect, test } from "vitest";
import type { Tensor } from "#inference/contract.ts";
import { classify } from "#inference/protocol/classification.ts";
import { refusalOf } from "#test/support/infer-messages.ts";
import { seededRandom } from "#test/support/random.ts";

const floats = (shape: readonly number[], values: readonly number[]): Tensor => ({
  datatype: "FP32",
  shape,
  data: new Float32Array(values),
});
const textsOf = ({ data }: Tensor) => Array.from(data, String);
const { NaN: none, POSITIVE_INFINITY: most, NEGATIVE_INFINITY: least } = Number;

test("each item of a batch gets its highest values with place and label", () => {
  const labels = ["cat", "dog:big"];
  const found = classify(floats([2, 3], [0.5, 2, 1, 9, 7, 8]), { count: 2, batched: true, labels });
  expect(found).toMatchObject({ datatype: "BYTES", shape: [2, 2] });
  expect(textsOf(found)).toEqual(["2.000000:1:dog:big", "1.000000:2", "9.000000:0:cat", "8.000000:2"]);
});

test("without a batch all values compete, however they are arranged", () => {
  const found = classify(floats([2, 2], [1, 3, 2, 4]), { count: 3, batched: false });
  expect([found.shape, textsOf(found)]).toEqual([[3], ["4.000000:3", "3.000000:1", "2.000000:2"]]);
});

test("equal values keep their order, and what is no number comes last", () => {
  const found = classify(floats([6], [1, none, 1, most, 1, least]), { count: 6, batched: false });
  expect(textsOf(found)).toEqual(["inf:3", "1.000000:0", "1.000000:2", "1.000000:4", "-inf:5", "nan:1"]);
});

test("of equal values at the edge the first ones are kept", () => {
  expect(textsOf(classify(floats([4], [5, 1, 5, 5]), { count: 2, batched: false }))).toEqual([
    "5.000000:0",
    "5.000000:2",
  ]);
});

test("more classes than there are give as many as there are", () => {
  const found = classify(floats([1, 2], [1, 2]), { count: 4_294_967_295, batched: true });
  expect([found.shape, textsOf(found)]).toEqual([
    [1, 2],
    ["2.000000:1", "1.000000:0"],
  ]);
});

test("whole numbers have no decimals, of 64 bits either, and floats never an exponent", () => {
  const whole: Tensor = {
    datatype: "INT64",
    shape: [2],
    data: new BigInt64Array([-5n, 9_007_199_254_740_993n]),
  };
  expect(textsOf(classify(whole, { count: 2, batched: false }))).toEqual(["9007199254740993:1", "-5:0"]);
  expect(textsOf(classify(floats([1], [2 ** 80]), { count: 1, batched: false }))).toEqual([
    "1208925819614629174706176.000000:0",
  ]);
});

test("nothing to classify gives nothing", () => {
  expect(classify(floats([0, 3], []), { count: 2, batched: true })).toMatchObject({
    shape: [0, 0],
    data: [],
  });
});

test("the highest values of random rows are those of a plain sort", () => {
  const random = seededRandom(11);
  for (let round = 0; round < 200; round += 1) {
    const values = Array.from({ length: random.integer(1, 40) }, () => random.integer(-9, 9));
    const count = random.integer(1, 45);
    const sorted = values
      .map((value, index) => ({ value, index }))
      .sort((a, b) => b.value - a.value || a.index - b.index);
    const wanted = sorted.slice(0, count).map(({ value, index }) => `${value}:${index}`);
    const tensor: Tensor = { datatype: "INT32", shape: [values.length], data: new Int32Array(values) };
    expect(textsOf(classify(tensor, { count, batched: false }))).toEqual(wanted);
  }
});

test("what has no order, or too many places, is refused", () => {
  const texts: Tensor = { datatype: "BYTES", shape: [1], data: [Buffer.from("a")] };
  expect(refusalOf(() => classify(texts, { count: 1, batched: false }))).toBe(
    "request_malformed: class result not available for output of type 'BYTES'",
  );
  const large = floats([1_000_001], new Array(1_000_001).fill(0));
  expect(refusalOf(() => classify(large, { count: 1, batched: false }))).toBe(
    "request_malformed: classification output tensor too large",
  );
});
