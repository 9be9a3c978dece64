import type { Seeded } from "../seeded.ts";
import { type Arrivals, mostArrivals, orderOf, pick, reorder } from "./arrivals.ts";
import { type Column, createColumn } from "./column.ts";
import type { Moment } from "./moment.ts";

/** What one line of a log says of one request. */
export type Row = {
  readonly moment: Moment;
  /** How much earlier than that moment it came, in logs that are written when a request ends. */
  readonly beforeMs?: number | undefined;
  readonly bytes?: number | undefined;
  readonly model?: string | undefined;
  readonly observedMs?: number | undefined;
  readonly status?: number | undefined;
};

/** Rows that become columns one by one, so that a log takes a few bytes a line and not its length. */
export type Rows = {
  /** Tells why a row can't be taken. */
  readonly add: (row: Row) => string | undefined;
  readonly full: () => boolean;
  readonly finish: () => RecordedRows;
};

export type RecordedRows = {
  readonly arrivals: Arrivals;
  readonly startedAt: number | undefined;
  /** How many rows told the size of their image; the others have a drawn one. */
  readonly sized: number;
  /** How long each took, NaN where the log doesn't say; undefined where it never does. */
  readonly observedMs: Float64Array | undefined;
  /** What each was answered, 0 where the log doesn't say; undefined where it never does. */
  readonly statuses: Float64Array | undefined;
};

type RowsOptions = {
  readonly seeded: Seeded;
  readonly drawBytes: () => number;
  readonly most?: number;
};

/** One line with a wrong year must not make a replay of decades. */
const mostApartMs = 31 * 24 * 3_600_000;

/** Nor must one with a wrong duration. */
const mostLongMs = 24 * 3_600_000;

/** More names than any gateway has; the rest of them stay unnamed. */
const mostNames = 1_000;

export function createRows({ seeded, drawBytes, most = mostArrivals }: RowsOptions): Rows {
  const [at, bytes, observed, status, model] = [
    createColumn(),
    createColumn(),
    createColumn(),
    createColumn(),
    createColumn(),
  ];
  const names = createNames();
  const spread = createSpread(at, seeded);
  let base: number | undefined;
  let sized = 0;
  return {
    add: (row) => {
      const { moment, beforeMs = 0 } = row;
      if (beforeMs > mostLongMs || (row.observedMs ?? 0) > mostLongMs) return "took longer than a day";
      base ??= moment.ms;
      if (Math.abs(moment.ms - base) > mostApartMs) return "lies more than 31 days from the first request";
      spread.meet(moment);
      at.add(moment.ms - base + (moment.extraMs - beforeMs));
      bytes.add(row.bytes || drawBytes());
      sized += row.bytes ? 1 : 0;
      observed.add(row.observedMs ?? Number.NaN);
      status.add(row.status ?? 0);
      model.add(names.indexOf(row.model));
      return undefined;
    },
    full: () => at.count() >= most,
    finish: () => {
      spread.end();
      const columns = { atMs: at.values(), bytes: bytes.values(), models: names.column(model.values()) };
      const { arrivals, earliest, order } = arrange(columns);
      const inStep = (values: Float64Array) => (order ? pick(values, order) : values);
      return {
        arrivals,
        startedAt: base === undefined ? undefined : base + earliest,
        sized,
        observedMs: told(inStep(observed.values()), (ms) => !Number.isNaN(ms)),
        statuses: told(inStep(status.values()), (code) => code > 0),
      };
    },
  };
}

/** Lays the rows of one second evenly over it, each somewhere in its own share, in the order of the log. */
function createSpread(at: Column, seeded: Seeded) {
  let second: number | undefined;
  let from = 0;
  const end = () => {
    const each = 1000 / (at.count() - from);
    for (let index = from; second !== undefined && index < at.count(); index++) {
      at.shift(index, (index - from + seeded.number()) * each);
    }
    second = undefined;
  };
  /** Comes before the row of that moment is added. */
  const meet = ({ ms, coarse }: Moment) => {
    if (coarse && ms === second) return;
    end();
    second = coarse ? ms : undefined;
    from = at.count();
  };
  return { meet, end };
}

function createNames() {
  const indices = new Map([["", 0]]);
  return {
    indexOf: (name = "") => {
      if (!indices.has(name) && indices.size < mostNames && name.length <= 200)
        indices.set(name, indices.size);
      return indices.get(name) ?? 0;
    },
    column: (of: Float64Array) =>
      indices.size > 1 ? { names: [...indices.keys()], of: Uint16Array.from(of) } : undefined,
  };
}

type Unordered = Pick<Arrivals, "atMs" | "bytes"> & { readonly models: Arrivals["models"] | undefined };

/** Sorts, and lets time begin at the first arrival. */
function arrange({ atMs, bytes, models }: Unordered) {
  const order = orderOf(atMs);
  const columns = { count: atMs.length, atMs, bytes, ...(models && { models }) };
  const arrivals = order ? reorder(columns, order) : columns;
  const earliest = arrivals.atMs[0] ?? 0;
  return { arrivals: { ...arrivals, atMs: arrivals.atMs.map((ms) => ms - earliest) }, earliest, order };
}

function told(values: Float64Array, says: (value: number) => boolean): Float64Array | undefined {
  return values.some(says) ? values : undefined;
}
