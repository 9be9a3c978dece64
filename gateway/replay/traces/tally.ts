import type { LineReader } from "./line-reader.ts";

/** How the lines of a trace fared. */
export type LineTally = {
  readonly read: number;
  /** Headings, and requests that were not asked for. */
  readonly passed: number;
  readonly wrong: number;
  readonly firstWrong: readonly WrongLine[];
};

/** Lines are counted from 1, and `why` goes on behind "line 7". */
export type WrongLine = { readonly line: number; readonly why: string };

/** No log writes a longer line; what is longer is not looked at. */
export const mostLine = 65_536;

const mostShown = 5;

export function createTally() {
  const firstWrong: WrongLine[] = [];
  let [read, passed, wrong] = [0, 0, 0];
  return {
    count: (line: string, reader: LineReader) => {
      read++;
      const taken = takenFrom(line, reader);
      if (taken === "taken") return;
      if (taken === "passed") {
        passed++;
        return;
      }
      wrong++;
      if (firstWrong.length < mostShown) firstWrong.push({ line: read, why: taken.wrong });
    },
    report: (): LineTally => ({ read, passed, wrong, firstWrong }),
  };
}

function takenFrom(line: string, reader: LineReader) {
  if (line.length > mostLine) return { wrong: `is longer than ${mostLine} bytes` };
  return line.trim() === "" ? "passed" : reader.take(line);
}
