import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { blockBytes } from "#inference/artefacts/artefact.ts";
import { blockCount, blockFits, blockHashBytes, blocksOf } from "#inference/artefacts/blocks.ts";

test("a file's list of blocks has the hash of each 64 KiB, and of what is left", () => {
  const file = new Uint8Array(2 * blockBytes + 5).fill(7);
  const blocks = blocksOf(file);
  expect(blocks.byteLength).toBe(3 * blockHashBytes);
  const last = createHash("sha256")
    .update(file.subarray(2 * blockBytes))
    .digest();
  expect(Buffer.from(blocks.subarray(64)).equals(last)).toBe(true);
});

test.each([
  [0, 0],
  [1, 1],
  [65_536, 1],
  [65_537, 2],
])("a file of %i bytes has %i blocks", (bytes, count) => {
  expect(blockCount(bytes)).toBe(count);
  expect(blocksOf(new Uint8Array(bytes)).byteLength).toBe(count * blockHashBytes);
});

test("a block fits in its own place alone, and nowhere beyond the list", () => {
  const file = new Uint8Array(blockBytes + 5).map((_, at) => at % 250);
  const blocks = blocksOf(file);
  expect(blockFits(blocks, 1, file.subarray(blockBytes))).toBe(true);
  expect(blockFits(blocks, 0, file.subarray(blockBytes))).toBe(false);
  expect(blockFits(blocks, 1, file.subarray(blockBytes + 1))).toBe(false);
  expect(blockFits(blocks, 2, new Uint8Array())).toBe(false);
  expect(blockFits(blocks, -1, file.subarray(blockBytes))).toBe(false);
});
