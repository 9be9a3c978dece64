import type { Datatype, Tensor } from "#inference/contract.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { isBinaryOnly, type Numbers } from "./datatypes.ts";

export type ClassifyOptions = {
  /** How many of the highest values. */
  readonly count: number;
  /** The first dimension counts batch items, each of which has its own highest values. */
  readonly batched: boolean;
  readonly labels?: readonly string[] | undefined;
};

export function canClassify(datatype: Datatype): boolean {
  return datatype !== "BYTES" && datatype !== "BOOL" && !isBinaryOnly(datatype);
}

/** The highest values as texts `<value>:<index>[:<label>]`, the highest first, and of equal ones the first first. */
export function classify(tensor: Tensor, { count, batched, labels = [] }: ClassifyOptions): Tensor {
  const { datatype, shape, data } = tensor;
  if (!canClassify(datatype) || datatype === "BYTES") {
    throw new TradewindError(
      "request_malformed",
      `class result not available for output of type '${datatype}'`,
    );
  }
  const items = batched ? (shape[0] ?? 1) : 1;
  const width = items === 0 ? 0 : data.length / items;
  if (width > maxClasses)
    throw new TradewindError("request_malformed", "classification output tensor too large");
  const texts = Array.from({ length: items }, (_, item) => {
    const row = data.subarray(item * width, (item + 1) * width);
    return highest(row, count).map((index) => Buffer.from(classText(row, index, labels[index])));
  });
  const kept = Math.min(count, width);
  return { datatype: "BYTES", shape: batched ? [items, kept] : [kept], data: texts.flat() };
}

function classText(row: Numbers, index: number, label: string | undefined): string {
  const value = row[index] ?? 0;
  const isFloat = row instanceof Float32Array || row instanceof Float64Array;
  const shown = isFloat ? fixedText(Number(value)) : `${value}`;
  return `${shown}:${index}${label === undefined ? "" : `:${label}`}`;
}

/** Sorting more than these would hold up everything else. */
const maxClasses = 1_000_000;

/** Places of the highest values: the lowest of them is found by a plain sort of numbers, which is quick at any size. */
function highest(row: Numbers, count: number): readonly number[] {
  const sorted = row.slice().sort();
  let numbers = sorted.length;
  while (numbers > 0 && !isNumber(sorted[numbers - 1])) numbers -= 1;
  const least = sorted[Math.max(0, numbers - count)] ?? 0;
  const above: number[] = [];
  const equal: number[] = [];
  const rest: number[] = [];
  for (let index = 0; index < row.length; index += 1) {
    const value = row[index] ?? 0;
    if (value > least) above.push(index);
    else if (value === least) equal.push(index);
    else if (!isNumber(value)) rest.push(index);
  }
  above.sort((a, b) => compare(row[b], row[a]) || a - b);
  return [...above, ...equal, ...rest].slice(0, count);
}

/** What is none comes last, whatever was sorted. */
function isNumber(value: number | bigint | undefined): boolean {
  return !Number.isNaN(Number(value));
}

function compare(a: number | bigint = 0, b: number | bigint = 0): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** As `%f` prints: six decimals and never an exponent. */
function fixedText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  return Math.abs(value) < 1e21 ? value.toFixed(6) : `${BigInt(value)}.000000`;
}
