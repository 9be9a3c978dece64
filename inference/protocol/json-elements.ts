import type { Datatype } from "#inference/contract.ts";
import { type Cursor, readBigInt, readNumber, readWord } from "./json-numbers.ts";

export type ElementReader = {
  /** The element at the cursor; undefined where there is none of this type, and the cursor stays. */
  readonly read: (cursor: Cursor) => number | bigint | undefined;
  /** Whether a number is of this type; undefined where elements are not plain numbers. */
  readonly fits?: (value: number) => boolean;
  /** What to say that there must be. */
  readonly expected: string;
};

/** How an element of each type stands in JSON. */
export const elementReaders: Readonly<Record<Exclude<Datatype, "BYTES">, ElementReader>> = {
  BOOL: { read: truth, expected: "true or false" },
  UINT8: whole(0, 2 ** 8 - 1),
  UINT16: whole(0, 2 ** 16 - 1),
  UINT32: whole(0, 2 ** 32 - 1),
  UINT64: wholeBig(0n, 2n ** 64n - 1n),
  INT8: whole(-(2 ** 7), 2 ** 7 - 1),
  INT16: whole(-(2 ** 15), 2 ** 15 - 1),
  INT32: whole(-(2 ** 31), 2 ** 31 - 1),
  INT64: wholeBig(-(2n ** 63n), 2n ** 63n - 1n),
  FP32: { read: real, fits: () => true, expected: "a number" },
  FP64: { read: real, fits: () => true, expected: "a number" },
  FP16: { read: () => undefined, expected: "binary data" },
  BF16: { read: () => undefined, expected: "binary data" },
};

function whole(low: number, high: number): ElementReader {
  const fits = (value: number): boolean => Number.isInteger(value) && value >= low && value <= high;
  const read = (cursor: Cursor): number | undefined => {
    const { at } = cursor;
    const value = readNumber(cursor);
    if (value !== undefined && fits(value)) return value;
    cursor.at = at;
    return undefined;
  };
  return { read, fits, expected: `a whole number from ${low} to ${high}` };
}

function wholeBig(low: bigint, high: bigint): ElementReader {
  const read = (cursor: Cursor): bigint | undefined => {
    const { at } = cursor;
    const value = readBigInt(cursor);
    if (value !== undefined && value >= low && value <= high) return value;
    cursor.at = at;
    return undefined;
  };
  return { read, expected: `a whole number from ${low} to ${high}` };
}

/** Python writes the three words, which JSON has not; null is what many others write for them. */
function real(cursor: Cursor): number | undefined {
  const value = readNumber(cursor);
  if (value !== undefined) return value;
  if (readWord(cursor, "null") || readWord(cursor, "NaN")) return Number.NaN;
  if (readWord(cursor, "Infinity")) return Number.POSITIVE_INFINITY;
  return readWord(cursor, "-Infinity") ? Number.NEGATIVE_INFINITY : undefined;
}

function truth(cursor: Cursor): number | undefined {
  if (readWord(cursor, "true")) return 1;
  return readWord(cursor, "false") ? 0 : undefined;
}
