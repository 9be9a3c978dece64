import { expect, test } from "vitest";
import {
  bytesPart,
  chunksOf,
  messagePart,
  numberPart,
  type Part,
  textPart,
} from "#inference/quantize/onnx/parts.ts";
import { floatsOf, readTensor, tensorPart } from "#inference/quantize/onnx/tensor.ts";

const floats = Float32Array.of(1.5, -2, 0, 3.25);
const raw = new Uint8Array(floats.buffer);

function tensor(...parts: readonly Part[]) {
  return readTensor(Buffer.concat(chunksOf([numberPart(2, 1), textPart(8, "w"), ...parts])));
}

const dims = [numberPart(1, 2), numberPart(1, 2)];

test("floats are read from raw bytes, wherever these lie", () => {
  for (const shift of [0, 1, 2, 3]) {
    const body = Buffer.concat(chunksOf([...dims, numberPart(2, 1), bytesPart(9, [raw])]));
    const moved = Buffer.alloc(body.byteLength + shift);
    body.copy(moved, shift);
    expect(floatsOf(readTensor(moved.subarray(shift)))).toEqual(floats);
  }
});

test("floats are read where they are given number by number, packed or not", () => {
  expect(floatsOf(tensor(...dims, bytesPart(4, [raw])))).toEqual(floats);
  const single = [0, 1, 2, 3].map((place): Part => {
    const chunks = [Uint8Array.of(0x25, ...raw.subarray(4 * place, 4 * place + 4))];
    return { number: 4, chunks, body: undefined, value: undefined };
  });
  expect(floatsOf(tensor(...dims, ...single))).toEqual(floats);
});

test("what is written is read again, with its type and its shape", () => {
  for (const [type, data] of [
    [1, Float32Array.of(1, 2)],
    [2, Uint8Array.of(1, 255)],
    [3, Int8Array.of(-128, 127)],
    [6, Int32Array.of(-1, 2 ** 31 - 1)],
  ] as const) {
    const { chunks } = tensorPart(5, { name: "made", dims: [2], data });
    const field = Buffer.concat(chunks);
    const read = readTensor(field.subarray(2));
    expect(read).toMatchObject({ name: "made", dims: [2], elementType: type, isElsewhere: false });
  }
});

test("a tensor whose numbers do not fill its shape is refused when it is read", () => {
  expect(() => floatsOf(tensor(numberPart(1, 3), bytesPart(9, [raw])))).toThrow("has 4 numbers, expected 3");
  expect(() => floatsOf(tensor(...dims, bytesPart(9, [raw.subarray(1)])))).toThrow("floats of 15 bytes");
  expect(() => floatsOf(tensor(...dims))).toThrow("has 0 numbers, expected 4");
});

test("a tensor that is no float, or lies in another file, has no floats here", () => {
  const whole = readTensor(Buffer.concat(chunksOf([numberPart(2, 7), bytesPart(9, [raw])])));
  expect(() => floatsOf(whole)).toThrow("holds no floats");
  const away = tensor(...dims, messagePart(13, [textPart(1, "location")]), numberPart(14, 1));
  expect(away.isElsewhere).toBe(true);
  expect(() => floatsOf(away)).toThrow("holds no floats");
});

test.each([
  ["a negative dimension", [numberPart(1, -1)]],
  ["a dimension beyond all numbers", [numberPart(1, 2 ** 60)]],
  ["seventeen dimensions", Array.from({ length: 17 }, () => numberPart(1, 1))],
])("%s is impossible", (_, parts) => {
  expect(() => tensor(...parts)).toThrow("impossible dimensions");
});
