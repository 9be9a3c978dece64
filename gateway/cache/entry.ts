import { hash } from "node:crypto";
import type { CacheKey } from "./cache-key.ts";
import type { CachedAnswer } from "./cached-answer.ts";

/** A larger answer is not cached: moving it would cost more than it saves. */
export const maxEntryBytes = 512 * 1_024;

/**
 * The bytes of an entry, numbers little endian:
 *
 *    0   4  "TWA" and the number of this format
 *    4  16  SHA-256 over everything from byte 20 on, cut short
 *   20  24  storedAt, freshUntil, staleUntil as doubles
 *   44  10  bytes of the key, model, version, precision, backend, 16 bits each
 *   54   4  bytes of the core
 *   58      the six texts in UTF-8; the key is in it, so that the sum is over one piece of memory
 */
const magic = 0x01_41_57_54;
const at = { checksum: 4, covered: 20, times: 20, lengths: 44, coreLength: 54, texts: 58 } as const;
const maxNameBytes = 0xffff;

/** Undefined where the answer is too large to be cached. */
export function writeEntry(key: CacheKey, answer: CachedAnswer): Buffer | undefined {
  const { core, storedAt, freshUntil, staleUntil } = answer;
  const names = [textOf(key), answer.model, answer.version, answer.precision, answer.backend];
  const lengths = names.map((name) => Buffer.byteLength(name));
  const coreLength = Buffer.byteLength(core);
  const total = lengths.reduce((sum, length) => sum + length, at.texts + coreLength);
  if (total > maxEntryBytes || lengths.some((length) => length > maxNameBytes)) return undefined;
  const bytes = Buffer.allocUnsafe(total);
  bytes.writeUInt32LE(magic, 0);
  [storedAt, freshUntil, staleUntil].forEach((time, place) => {
    bytes.writeDoubleLE(time, at.times + place * 8);
  });
  let cursor: number = at.texts;
  names.forEach((name, place) => {
    bytes.writeUInt16LE(lengths[place] ?? 0, at.lengths + place * 2);
    cursor += bytes.write(name, cursor);
  });
  bytes.writeUInt32LE(coreLength, at.coreLength);
  bytes.write(core, cursor);
  checksum(bytes).copy(bytes, at.checksum, 0, at.covered - at.checksum);
  return bytes;
}

/** Undefined for whatever is not exactly what was written under this key: damaged, cut, copied from elsewhere, or older. */
export function readEntry(key: CacheKey, value: Uint8Array): CachedAnswer | undefined {
  if (value.byteLength < at.texts || value.byteLength > maxEntryBytes) return undefined;
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (bytes.readUInt32LE(0) !== magic || !isWhole(bytes)) return undefined;
  const sumBytes = at.covered - at.checksum;
  if (checksum(bytes).compare(bytes, at.checksum, at.covered, 0, sumBytes) !== 0) return undefined;
  return readChecked(key, bytes);
}

function isWhole(bytes: Buffer): boolean {
  let total = at.texts + bytes.readUInt32LE(at.coreLength);
  for (let place = 0; place < 5; place += 1) total += bytes.readUInt16LE(at.lengths + place * 2);
  return total === bytes.byteLength;
}

/** It finds mistakes, not forgers: who may write to the store can write any answer. */
function checksum(bytes: Buffer): Buffer {
  return hash("sha256", bytes.subarray(at.covered), "buffer");
}

function textOf({ tag, name }: CacheKey): string {
  return `${name} ${tag}`;
}

function readChecked(key: CacheKey, bytes: Buffer): CachedAnswer | undefined {
  const storedAt = bytes.readDoubleLE(at.times);
  const freshUntil = bytes.readDoubleLE(at.times + 8);
  const staleUntil = bytes.readDoubleLE(at.times + 16);
  // Written so that a time that is no number is refused as well.
  if (!(storedAt <= freshUntil && freshUntil <= staleUntil && staleUntil < Infinity)) return undefined;
  let cursor: number = at.texts;
  const next = (place: number): string => {
    const start = cursor;
    cursor += bytes.readUInt16LE(at.lengths + place * 2);
    return bytes.toString("utf8", start, cursor);
  };
  if (next(0) !== textOf(key)) return undefined;
  const names = { model: next(1), version: next(2), precision: next(3), backend: next(4) };
  return { core: bytes.toString("utf8", cursor), ...names, storedAt, freshUntil, staleUntil };
}
