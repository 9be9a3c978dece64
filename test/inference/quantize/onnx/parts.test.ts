import { expect, test } from "vitest";
import {
  bytesPart,
  chunksOf,
  messagePart,
  numberOf,
  numberPart,
  numbersOf,
  readParts,
  textOf,
  textPart,
} from "#inference/quantize/onnx/parts.ts";
import { type Random, seededRandom } from "#test/support/random.ts";

test("whatever a message holds, its fields are written again as they came", () => {
  const random = seededRandom(71);
  for (let round = 0; round < 500; round += 1) {
    const bytes = anyMessage(random, 3);
    expect(Buffer.concat(chunksOf(readParts(bytes)))).toEqual(bytes);
  }
});

test("a number that is written longer than it need be stays as long", () => {
  const bytes = Buffer.from([0x08, 0x81, 0x80, 0x00, 0x92, 0x00, 0x82, 0x00, 0x41, 0x42]);
  const parts = readParts(bytes);
  expect(numberOf(parts, 1)).toBe(1);
  expect(textOf(parts, 2)).toBe("AB");
  expect(Buffer.concat(chunksOf(parts))).toEqual(bytes);
});

test("what is made is read again", () => {
  const made = messagePart(7, [numberPart(3, -5), numberPart(3, 300), textPart(2, "täxt"), bytesPart(9, [])]);
  const [outer] = readParts(Buffer.concat(made.chunks));
  const parts = readParts(outer?.body ?? new Uint8Array(0));
  expect(outer?.number).toBe(7);
  expect(numbersOf(parts, 3)).toEqual([-5, 300]);
  expect(textOf(parts, 2)).toBe("täxt");
  expect(parts[3]?.body).toHaveLength(0);
});

test("numbers are read one by one and packed", () => {
  const bytes = Buffer.from([0x08, 7, 0x0a, 3, 1, 0x80, 2]);
  expect(numbersOf(readParts(bytes), 1)).toEqual([7, 1, 256]);
});

test("a large content is a view and no copy", () => {
  const bytes = Buffer.concat([Buffer.from([0x4a, 0x80, 0x08]), Buffer.alloc(1_024, 7)]);
  const [part] = readParts(bytes);
  expect(part?.body?.buffer).toBe(bytes.buffer);
  expect(part?.body?.byteOffset).toBe(bytes.byteOffset + 3);
});

test.each([
  ["a length beyond the end", [0x0a, 5, 1]],
  ["the end inside a number", [0x08, 0x80]],
  ["a number of more than ten bytes", [0x08, ...Array(11).fill(0x80)]],
  ["a group, which nobody writes", [0x0b]],
  ["field number 0", [0x00, 1]],
  ["a cut fixed number", [0x0d, 1, 2, 3]],
])("%s is no message", (_, bytes) => {
  expect(() => readParts(Uint8Array.from(bytes))).toThrow(RangeError);
});

/** Fields of every kind and number, some of them messages again. */
function anyMessage(random: Random, depth: number): Buffer {
  const fields = Array.from({ length: random.integer(0, 6) }, () => {
    const number = random.chance(0.1) ? random.integer(1, 100_000) : random.integer(1, 30);
    const kind = random.integer(0, 3);
    if (kind === 0) return Buffer.concat(numberPart(number, random.integer(-9, 1e9)).chunks);
    if (kind === 1) return fixed(number, 1, random);
    if (kind === 2) return fixed(number, 5, random);
    const body = depth > 0 ? anyMessage(random, depth - 1) : Buffer.alloc(random.integer(0, 200), 3);
    return Buffer.concat(bytesPart(number, [body]).chunks);
  });
  return Buffer.concat(fields);
}

function fixed(number: number, wireType: 1 | 5, random: Random): Buffer {
  const [tag = new Uint8Array(0)] = numberPart(number, 0).chunks;
  const head = Buffer.from(tag.subarray(0, -1));
  head[0] = ((head[0] ?? 0) & ~7) | wireType;
  return Buffer.concat([head, Buffer.alloc(wireType === 1 ? 8 : 4, random.integer(0, 255))]);
}
