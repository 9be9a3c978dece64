/** Pixels of the image that lie between the centres of one prototype cell and the next, along one side. */
type Span = { readonly cell: number; readonly first: number; readonly last: number };

/** The pixels of one side of a box, and the cells that they lie between. */
export type Spans = {
  readonly spans: readonly Span[];
  readonly from: number;
  readonly to: number;
  /** How far a pixel lies from a cell's centre to that of the next. */
  readonly part: (pixel: number, cell: number) => number;
};

type Side = {
  readonly offset: number;
  readonly scale: number;
  readonly cells: number;
  readonly side: number;
};

/** The pixels from one end of a box to the other, the one that its end lies in with them, as published. */
export function spansOf(low: number, high: number, { offset, scale, cells, side }: Side): Spans {
  const cellAt = (pixel: number): number => {
    const at = (((pixel + 0.5) * scale + offset) * cells) / side - 0.5;
    return Math.min(Math.max(at, 0), cells - 1);
  };
  const [first, last] = [Math.ceil(low), Math.ceil(high) - 1];
  const part = (pixel: number, cell: number): number => cellAt(pixel) - cell;
  const spans: Span[] = [];
  for (let pixel = first; pixel <= last; ) {
    const cell = Math.floor(cellAt(pixel));
    const end = lastWhere(pixel, last, (next) => Math.floor(cellAt(next)) === cell);
    spans.push({ cell, first: pixel, last: end });
    pixel = end + 1;
  }
  const [from = 0, to = 0] = [spans[0]?.cell, spans.at(-1)?.cell];
  return { spans, from, to: Math.min(to + 1, cells - 1), part };
}

/** The last number for which the condition holds that is true up to some number and false beyond; true of the first. */
export function lastWhere(first: number, last: number, holds: (value: number) => boolean): number {
  let [sure, open] = [first, last];
  while (sure < open) {
    const middle = Math.ceil((sure + open) / 2);
    if (holds(middle)) sure = middle;
    else open = middle - 1;
  }
  return sure;
}
