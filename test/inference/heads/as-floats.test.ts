import { expect, test } from "vitest";
import { asFloats } from "#inference/heads/as-floats.ts";

const halves = (...bits: number[]) =>
  asFloats({ datatype: "FP16", shape: [bits.length], data: Uint16Array.from(bits) })?.data;

test("half floats are read from their bits: ordinary, tiny, endless and none", () => {
  const bits = [0x0000, 0x8000, 0x3c00, 0xc000, 0x3555, 0x7bff, 0x0400, 0x0001, 0x83ff, 0x7c00, 0xfc00];
  expect(halves(...bits)).toEqual(
    Float32Array.of(
      0,
      -0,
      1,
      -2,
      1365 / 4096,
      65504,
      2 ** -14,
      2 ** -24,
      -1023 * 2 ** -24,
      Infinity,
      -Infinity,
    ),
  );
  expect(halves(0x7e00, 0xfc01)).toEqual(Float32Array.of(Number.NaN, Number.NaN));
});

test("neighbouring halves are neighbours, from zero to the largest", () => {
  const values = halves(...Array.from({ length: 0x7c00 }, (_, bits) => bits)) ?? [];
  expect(values.every((value, index) => index === 0 || value > (values[index - 1] ?? 0))).toBe(true);
});

test("floats pass as they are, and whole numbers are none", () => {
  const floats = { datatype: "FP32" as const, shape: [1], data: Float32Array.of(1) };
  expect(asFloats(floats)).toBe(floats);
  expect(asFloats({ datatype: "INT32", shape: [1], data: Int32Array.of(1) })).toBeUndefined();
});
