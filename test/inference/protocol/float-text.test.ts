import { expect, test } from "vitest";
import { float32Text, float64Text } from "#inference/protocol/float-text.ts";
import { seededRandom } from "#test/support/random.ts";

test.each([
  [0.1, "0.1"],
  [1, "1"],
  [-2.5, "-2.5"],
  [0.30000001192092896, "0.3"],
  [16_777_216, "16777216"],
  [1e-7, "1e-7"],
  [3.4028234663852886e38, "3.4028235e+38"],
  [1.401298464324817e-45, "1e-45"],
  [1.1754943508222875e-38, "1.1754944e-38"],
  [0, "0"],
  [-0, "-0.0"],
])("the float32 %d is written as %s", (value, text) => {
  expect(float32Text(Math.fround(value))).toBe(text);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  "JSON has only null for %d",
  (value) => {
    expect([float32Text(value), float64Text(value)]).toEqual(["null", "null"]);
  },
);

test("a double keeps its own shortest text, and the sign of nothing", () => {
  expect([0.1, 1e300, -0, 5e-324].map(float64Text)).toEqual(["0.1", "1e+300", "-0.0", "5e-324"]);
});

test("any float32 reads back as itself from a text that no shorter one replaces", () => {
  const random = seededRandom(7);
  const bits = new Uint32Array(1);
  const floats = new Float32Array(bits.buffer);
  for (let round = 0; round < 20_000; round += 1) {
    bits[0] = random.bits();
    const [value = 0] = floats;
    if (!Number.isFinite(value)) continue;
    const text = float32Text(value);
    expect([text, Math.fround(Number(text))]).toEqual([text, value]);
    expect(text.length).toBeLessThanOrEqual(shortest(value).length);
  }
});

function shortest(value: number): string {
  for (let digits = 1; digits < 9; digits += 1) {
    const text = `${Number(value.toPrecision(digits))}`;
    if (Math.fround(Number(text)) === value) return text;
  }
  return `${Number(value.toPrecision(9))}`;
}
