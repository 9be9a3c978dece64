import { lastWhere, type Spans } from "./mask-spans.ts";
import { addRun, type Runs } from "./run-lengths.ts";

/** What a mask is drawn from: a number for each cell, row by row; its pixels lie between the cells' centres. */
export type Sums = {
  readonly values: Float64Array;
  readonly width: number;
  readonly height: number;
};

export type Drawing = { readonly runs: Runs; readonly height: number; readonly maxSteps: number };

/** Adds the pixels that are above zero, and gives how many places were looked at; beyond the most it gives up. */
export function drawMask(
  sums: Sums,
  across: Spans,
  down: Spans,
  { runs, height, maxSteps }: Drawing,
): number {
  let steps = 0;
  for (const { cell, first, last } of across.spans) {
    const left = cell - across.from;
    const stretches = stretchesOf(sums, left, down);
    steps += stretches.length * (last - first + 1);
    if (steps > maxSteps) break;
    for (let x = first; x <= last && stretches.length > 0; x += 1) {
      const columnAt = columnThrough(sums, left, across.part(x, cell));
      for (const stretch of stretches) drawStretch(stretch, columnAt, runs, x * height);
    }
  }
  return steps;
}

/** Pixels of a strip of columns that are set in all of them, or of which each column's own line must tell. */
type Stretch = {
  readonly first: number;
  last: number;
  /** The row of sums above the pixels and how far below it each lies; undefined where all are set. */
  readonly line: { readonly row: number; readonly part: (pixel: number) => number } | undefined;
};

/** Between four sums of one sign nothing changes it, and most of a thing lies between such. */
function stretchesOf(sums: Sums, left: number, { spans, from, part }: Spans): Stretch[] {
  const stretches: Stretch[] = [];
  for (const { cell, first, last } of spans) {
    const row = cell - from;
    const above = cornersAbove(sums, left, row);
    const previous = stretches.at(-1);
    if (above === 0) continue;
    if (above < 4) stretches.push({ first, last, line: { row, part: (pixel) => part(pixel, cell) } });
    else if (previous && previous.line === undefined && previous.last === first - 1) previous.last = last;
    else stretches.push({ first, last, line: undefined });
  }
  return stretches;
}

/** How many of the four sums around a place are above zero. */
function cornersAbove({ values, width, height }: Sums, left: number, row: number): number {
  const right = Math.min(left + 1, width - 1);
  const [upper, lower] = [row * width, Math.min(row + 1, height - 1) * width];
  const isAbove = (place: number): number => ((values[place] ?? 0) > 0 ? 1 : 0);
  return isAbove(upper + left) + isAbove(upper + right) + isAbove(lower + left) + isAbove(lower + right);
}

type Column = (row: number) => number;

function columnThrough({ values, width, height }: Sums, left: number, part: number): Column {
  const right = Math.min(left + 1, width - 1);
  return (row) => {
    const start = Math.min(row, height - 1) * width;
    const value = values[start + left] ?? 0;
    return value + part * ((values[start + right] ?? 0) - value);
  };
}

/** Between two sums lies a straight line, which changes sign once or not at all. */
function drawStretch({ first, last, line }: Stretch, columnAt: Column, runs: Runs, start: number): void {
  if (line === undefined) {
    addRun(runs, start + first, start + last + 1);
    return;
  }
  const { row, part } = line;
  const value = columnAt(row);
  const next = columnAt(row + 1);
  if (value <= 0 && next <= 0) return;
  const isSet = (pixel: number): boolean => value + part(pixel) * (next - value) > 0;
  const from = value > 0 ? first : 1 + lastWhere(first - 1, last, (pixel) => !isSet(pixel));
  const to = next > 0 ? last : lastWhere(first - 1, last, isSet);
  if (from <= to) addRun(runs, start + from, start + to + 1);
}
