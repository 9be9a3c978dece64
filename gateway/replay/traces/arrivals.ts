import { TradewindError } from "#infra/runtime/errors.ts";

/** One request of a trace: when it came, counted from the trace's start, and how large its image was. */
export type Arrival = { readonly atMs: number; readonly bytes: number; readonly model?: string };

/** All requests of a trace in the order in which they came, a column for each of their sides. */
export type Arrivals = {
  readonly count: number;
  readonly atMs: Float64Array;
  readonly bytes: Float64Array;
  /** Only where the trace says which model was asked. */
  readonly models?: ModelColumn;
};

/** The names, and for every request which of them; an empty name where the trace doesn't say. */
export type ModelColumn = { readonly names: readonly string[]; readonly of: Uint16Array };

/** What an image has where nothing is known of its size. */
export const usualBytes = 60_000;

/** More are not held at once: half a gigabyte of columns. */
export const mostArrivals = 20_000_000;

export function modelAt({ models }: Arrivals, index: number): string | undefined {
  return models?.names[models.of[index] ?? -1] || undefined;
}

/** Requests a second from the start to the last of them, or over the time that is given. */
export function meanRps({ count, atMs }: Arrivals, spanMs: number = atMs[count - 1] ?? 0): number {
  return spanMs > 0 ? (count * 1000) / spanMs : 0;
}

/** Columns of a few arrivals in any order. */
export function arrivalsOf(list: readonly Arrival[]): Arrivals {
  const names = [...new Set(list.map(({ model = "" }) => model))];
  const of = Uint16Array.from(list, ({ model = "" }) => names.indexOf(model));
  const columns = {
    count: list.length,
    atMs: Float64Array.from(list, ({ atMs }) => atMs),
    bytes: Float64Array.from(list, ({ bytes }) => bytes),
  };
  return inOrder(names.some((name) => name !== "") ? { ...columns, models: { names, of } } : columns);
}

export function inOrder(arrivals: Arrivals): Arrivals {
  const order = orderOf(arrivals.atMs);
  return order ? reorder(arrivals, order) : arrivals;
}

export function reorder({ count, atMs, bytes, models }: Arrivals, order: Uint32Array): Arrivals {
  const sorted = { count, atMs: pick(atMs, order), bytes: pick(bytes, order) };
  if (!models) return sorted;
  return {
    ...sorted,
    models: { names: models.names, of: models.of.map((_, index) => models.of[order[index] ?? 0] ?? 0) },
  };
}

/** Where each value of the ascending column comes from; undefined where it ascends already. Equal ones keep their order. */
export function orderOf(values: Float64Array): Uint32Array | undefined {
  if (values.every((value, index) => index === 0 || value >= (values[index - 1] ?? 0))) return undefined;
  return Uint32Array.from(values.keys()).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0) || a - b);
}

export function pick(values: Float64Array, order: Uint32Array): Float64Array {
  return values.map((_, index) => values[order[index] ?? 0] ?? 0);
}

/** Refuses a trace that would not fit, before it is made. */
export function mustFit(count: number): void {
  if (count <= mostArrivals) return;
  throw new TradewindError("config_invalid", `${Math.round(count)} requests are too many for one replay`, {
    hint: `at most ${mostArrivals}: take a shorter time, fewer copies or a lower rate`,
  });
}
