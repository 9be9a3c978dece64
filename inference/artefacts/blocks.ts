import { createHash } from "node:crypto";
import { blockBytes } from "./artefact.ts";

/** Of one block in the list of a file's blocks. */
export const blockHashBytes = 32;

/** How many blocks a file of so many bytes has; the last is what is left. */
export function blockCount(fileBytes: number): number {
  return Math.ceil(fileBytes / blockBytes);
}

/** The list of a file's blocks: the SHA-256 of each, one after the other. */
export function blocksOf(file: Uint8Array): Uint8Array {
  const count = blockCount(file.byteLength);
  const hashes = new Uint8Array(count * blockHashBytes);
  for (let block = 0; block < count; block += 1) {
    hashes.set(hashOf(file.subarray(block * blockBytes, (block + 1) * blockBytes)), block * blockHashBytes);
  }
  return hashes;
}

/** Whether bytes are the block that the list says; of one that the list does not have, never. */
export function blockFits(blocks: Uint8Array, block: number, bytes: Uint8Array): boolean {
  const expected = blocks.subarray(block * blockHashBytes, (block + 1) * blockHashBytes);
  return expected.byteLength === blockHashBytes && hashOf(bytes).equals(expected);
}

function hashOf(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
