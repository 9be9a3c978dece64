import type { Arrivals } from "./arrivals.ts";
import type { RecordedRows, Row, Rows } from "./rows.ts";

/** What became of a line: it was taken, it holds no request that is wanted, or it is wrong. */
export type Taken = "taken" | "passed" | Wrong;

export type Wrong = { readonly wrong: string };

/** Takes the lines of one format and ends with the arrivals. */
export type LineReader = {
  readonly take: (line: string) => Taken;
  /** It has as many as it can hold, so that further lines are of no use. */
  readonly full: () => boolean;
  readonly finish: () => Recorded;
};

export type Recorded = RecordedRows & {
  readonly arrivals: Arrivals;
  /** How long the recording lasts. */
  readonly spanMs: number;
};

/** Of the requests in a log, those that can have brought an image, or all of them. */
export type Wanted = "posts" | "all";

/** Reads a format that has a request on each of its lines. */
export function createRowReader(
  readRow: (line: string) => Row | Exclude<Taken, "taken">,
  rows: Rows,
): LineReader {
  return {
    take: (line) => {
      const read = readRow(line);
      if (read === "passed" || "wrong" in read) return read;
      const wrong = rows.add(read);
      return wrong === undefined ? "taken" : { wrong };
    },
    full: rows.full,
    finish: () => {
      const recorded = rows.finish();
      const { atMs, count } = recorded.arrivals;
      return { ...recorded, spanMs: atMs[count - 1] ?? 0 };
    },
  };
}
