import { expect, test } from "vitest";
import { halfBits } from "#inference/image/half-bits.ts";

/** The value of half-precision bits, as the format is defined. */
function halfValue(bits: number): number {
  const [exponent, fraction] = [bits >> 10, bits & 0x3ff];
  return exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1_024) * 2 ** (exponent - 15);
}

test("known numbers have the bits that the format gives them", () => {
  expect([0, 2 ** -24, 2 ** -14, 0.5, 1, 1 / 3].map(halfBits)).toEqual([
    0, 1, 0x0400, 0x3800, 0x3c00, 0x3555,
  ]);
});

test("the value of every pixel becomes the half nearest to it", () => {
  for (let value = 0; value <= 255; value += 1) {
    const wanted = value / 255;
    const bits = halfBits(wanted);
    const error = Math.abs(halfValue(bits) - wanted);
    for (const other of [bits - 1, bits + 1].filter((near) => near >= 0)) {
      expect(error).toBeLessThanOrEqual(Math.abs(halfValue(other) - wanted));
    }
  }
});
