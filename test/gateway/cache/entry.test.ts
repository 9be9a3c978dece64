import { expect, test } from "vitest";
import { cacheKey } from "#gateway/cache/cache-key.ts";
import { maxEntryBytes, readEntry, writeEntry } from "#gateway/cache/entry.ts";
import { seededRandom } from "#test/support/random.ts";
import { keptAnswer, sampleKey, sampleParts } from "./sample-answer.ts";

function written(answer = keptAnswer()): Buffer {
  const bytes = writeEntry(sampleKey, answer);
  if (!bytes) throw new Error("the sample is too large");
  return bytes;
}

test("a cached answer reads back as it was written, also from the midst of a larger buffer", () => {
  const bytes = written();
  expect(readEntry(sampleKey, bytes)).toEqual(keptAnswer());
  const inside = new Uint8Array(bytes.byteLength + 7);
  inside.set(bytes, 7);
  expect(readEntry(sampleKey, inside.subarray(7))).toEqual(keptAnswer());
});

test("an entry damaged at any one byte is a miss", () => {
  const bytes = written();
  for (let place = 0; place < bytes.byteLength; place += 1) {
    for (const bit of [0x01, 0x80]) {
      const damaged = Buffer.from(bytes);
      damaged[place] = (damaged[place] ?? 0) ^ bit;
      expect(readEntry(sampleKey, damaged), `byte ${place}`).toBeUndefined();
    }
  }
});

test("an entry cut anywhere, or with something after it, is a miss", () => {
  const bytes = written();
  for (let length = 0; length < bytes.byteLength; length += 1)
    expect(readEntry(sampleKey, bytes.subarray(0, length))).toBeUndefined();
  expect(readEntry(sampleKey, Buffer.concat([bytes, Buffer.from([0])]))).toBeUndefined();
});

test("an entry that lies under another key is a miss, whichever part differs", () => {
  const bytes = written();
  for (const part of Object.keys(sampleParts)) {
    const other = cacheKey({ ...sampleParts, [part]: "other" });
    expect(readEntry(other, bytes), part).toBeUndefined();
  }
  expect(readEntry({ ...sampleKey, tag: "evil" }, bytes)).toBeUndefined();
});

test("bytes that nobody wrote are a miss and never an error", () => {
  const random = seededRandom(7);
  const head = written().subarray(0, 4);
  for (let round = 0; round < 2_000; round += 1) {
    const noise = Buffer.from(Array.from({ length: random.integer(0, 120) }, () => random.bits() & 0xff));
    expect(readEntry(sampleKey, random.chance(0.5) ? noise : Buffer.concat([head, noise]))).toBeUndefined();
  }
});

test("an answer whose times make no sense is a miss", () => {
  const kept = keptAnswer();
  for (const wrong of [
    { storedAt: Number.NaN },
    { freshUntil: kept.storedAt - 1 },
    { staleUntil: kept.freshUntil - 1 },
    { staleUntil: Infinity },
  ])
    expect(readEntry(sampleKey, written({ ...kept, ...wrong }))).toBeUndefined();
});

test("an answer up to the bound is written, and one byte more is not", () => {
  const room = maxEntryBytes - written({ ...keptAnswer(), core: "" }).byteLength;
  const largest = written({ ...keptAnswer(), core: "x".repeat(room) });
  expect(largest.byteLength).toBe(maxEntryBytes);
  expect(readEntry(sampleKey, largest)?.core).toHaveLength(room);
  expect(writeEntry(sampleKey, { ...keptAnswer(), core: "x".repeat(room + 1) })).toBeUndefined();
});

test("a name too long for its length field leaves the answer uncached", () => {
  expect(writeEntry(sampleKey, { ...keptAnswer(), backend: "b".repeat(65_536) })).toBeUndefined();
});
