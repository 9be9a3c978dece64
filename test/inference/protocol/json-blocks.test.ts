import { expect, test } from "vitest";
import { fillFromBlocks } from "#inference/protocol/json-blocks.ts";
import { seededRandom } from "#test/support/random.ts";

const any = () => true;
const fill = (text: string, length: number) => {
  const target = new Float64Array(length);
  return fillFromBlocks(Buffer.from(text), target, any) ? [...target] : undefined;
};

test("a flat list longer than many blocks is read whole and in order", () => {
  const random = seededRandom(41);
  const values = Array.from({ length: 40_000 }, () => random.between(-1, 1));
  expect(fill(JSON.stringify(values), values.length)).toEqual(values);
});

test("space between numbers does not matter", () => {
  expect(fill("[ 1 ,\n-2e3,\t0.5 ]", 3)).toEqual([1, -2_000, 0.5]);
});

test.each([
  ["empty", "[]", 0],
  ["with a comma at its end", "[1,]", 1],
  ["with a comma too many", "[1,,2]", 2],
  ["shorter than its target", "[1,2]", 3],
  ["longer than its target", "[1,2,3]", 2],
  ["nested", "[[1,2],[3,4]]", 4],
  ["of two lists", "[1],[2]", 2],
  ["with null", "[1,null]", 2],
  ["with a text", '[1,"2"]', 2],
  ["with a word that JSON has not", "[1,NaN]", 2],
  ["with a letter of no alphabet that numbers have", "[1,é]", 2],
  ["without its beginning", "1,2]", 2],
  ["without its end", "[1,2", 2],
])("a list that is %s is left to a slower reader", (_, text, length) => {
  expect(fill(text, length)).toBeUndefined();
});

test.each([65_530, 65_536, 65_537, 65_538, 65_540])(
  "a comma at the end of a block of %d bytes is still one",
  (size) => {
    const padded = `[${"1".padEnd(size, " ")},]`;
    expect(fill(padded, 1)).toBeUndefined();
    expect(fill(`${padded.slice(0, -1)}2]`, 2)).toEqual([1, 2]);
  },
);

test("a number that does not fit its type ends the quick way", () => {
  const small = (value: number) => value < 10;
  expect(fillFromBlocks(Buffer.from("[1,10]"), new Uint8Array(2), small)).toBe(false);
});
