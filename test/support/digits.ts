import { readFileSync } from "node:fs";

/** Whose handwriting a scene is made of: no form that a writer filled in is in two splits. */
export type Split = "train" | "validation" | "held-out" | "fine-tune-a" | "fine-tune-b";

/** One handwritten digit: 8 rows of 8 ink counts, each 0 to 16. */
export type Digit = { readonly class: number; readonly ink: Uint8Array };

const rowBytes = 65;

/** First row and end row of each split; the bounds are where a writer's form begins (see digits/README.md). */
const splitRows: Readonly<Record<Split, readonly [first: number, end: number]>> = {
  train: [0, 1157],
  validation: [1157, 1287],
  "held-out": [1287, 1545],
  "fine-tune-a": [1545, 1667],
  "fine-tune-b": [1667, 1797],
};

const rows = readFileSync(new URL("./digits/digits.bin", import.meta.url));

export function isSplit(name: string): name is Split {
  return Object.hasOwn(splitRows, name);
}

/** The digit of a split at `index`, counted round and round. */
export function digitAt(split: Split, index: number): Digit {
  const [first, end] = splitRows[split];
  const start = (first + (index % (end - first))) * rowBytes;
  return { class: rows[start + rowBytes - 1] ?? 0, ink: rows.subarray(start, start + rowBytes - 1) };
}
