import { TradewindError } from "#infra/runtime/errors.ts";
import type { Seeded } from "../seeded.ts";
import { type FittedWindow, lawOf } from "./arrival-law.ts";
import { mostArrivals, mustFit } from "./arrivals.ts";
import { type Column, createColumn } from "./column.ts";
import type { LineReader, Recorded, Taken } from "./line-reader.ts";

/** Which part of the fitted day is played, and how busy. */
export type FittedOptions = {
  readonly startS?: number | undefined;
  readonly durationS?: number | undefined;
  /** The mean rate over that part; every client's rate is multiplied alike, so bursts stay and come closer together. */
  readonly rps?: number | undefined;
};

const heading = "client,window_start_s,rate_rps,cv,pattern,p1,p2";
const number = "\\d{1,15}(?:\\.\\d{1,25})?(?:e[+-]?\\d{1,3})?";
const shape = new RegExp(
  `^([^,]{1,100}),(\\d{1,8}),(${number}),(${number}),([A-Za-z]{0,30}),(${number}),(${number})$`,
);
const mostWindows = 1_000_000;
const usualWidthS = 600;
const mostStartS = 31 * 24 * 3600;

export function looksLikeServeGen(line: string): boolean {
  return line === heading || shape.test(line);
}

/** Reads fitted windows and draws arrivals from them: each window from its client, its start and the seed alone. */
export function createServeGenReader(
  options: FittedOptions & { readonly seeded: Seeded; readonly drawBytes: () => number },
): LineReader {
  refuse(options);
  const windows: FittedWindow[] = [];
  return {
    take: (line) => {
      const taken = readWindow(line);
      if (taken === "passed" || "wrong" in taken) return taken;
      windows.push(taken);
      return "taken";
    },
    full: () => windows.length >= mostWindows,
    finish: () => draw(windows, options),
  };
}

function refuse({ startS = 0, durationS = 1, rps = 1 }: FittedOptions): void {
  if (startS >= 0 && durationS > 0 && rps > 0 && rps < Infinity) return;
  throw new TradewindError(
    "config_invalid",
    "a part of a trace starts at 0 or later, lasts and has requests",
    {
      hint: `given were a start of ${startS} s, a duration of ${durationS} s and ${rps} requests a second`,
    },
  );
}

function readWindow(line: string): FittedWindow | Exclude<Taken, "taken"> {
  if (line === heading) return "passed";
  const found = shape.exec(line);
  if (!found) return { wrong: "is no window of a client with its rate, cv, pattern, p1 and p2" };
  const [, client = "", start, rate, cv, pattern = "", p1, p2] = found;
  const [startS, ratePerS] = [Number(start), Number(rate)];
  if (startS > mostStartS) return { wrong: "begins more than 31 days after the start" };
  if (ratePerS > 1e6) return { wrong: "has a rate above a million a second" };
  return { client, startS, ratePerS, cv: Number(cv), pattern, p1: Number(p1), p2: Number(p2) };
}

type DrawOptions = Parameters<typeof createServeGenReader>[0];

function draw(windows: readonly FittedWindow[], options: DrawOptions): Recorded {
  const widthS = widthOf(windows);
  const part = partOf(windows, widthS, options);
  const shown = windows.filter(({ startS }) => startS < part.endS && startS + widthS > part.startS);
  const expected = expectedCount(shown, widthS, part);
  const seconds = part.endS - part.startS;
  const factor = options.rps !== undefined && expected > 0 ? (options.rps * seconds) / expected : 1;
  mustFit(expected * factor);
  const at = createColumn();
  for (const window of shown) {
    drawWindow(
      at,
      { ...window, ratePerS: window.ratePerS * factor },
      { widthS, part, seeded: options.seeded },
    );
  }
  const atMs = at.values().sort();
  const arrivals = { count: atMs.length, atMs, bytes: atMs.map(() => options.drawBytes()) };
  const unsaid = { startedAt: undefined, sized: 0, observedMs: undefined, statuses: undefined };
  return { arrivals, spanMs: seconds * 1000, ...unsaid };
}

type Part = { readonly startS: number; readonly endS: number };

/** Windows of a file are equally wide, so the least distance between two starts is the width. */
function widthOf(windows: readonly FittedWindow[]): number {
  const starts = Float64Array.from(new Set(windows.map(({ startS }) => startS))).sort();
  let width = Infinity;
  for (let index = 1; index < starts.length; index++) {
    width = Math.min(width, (starts[index] ?? 0) - (starts[index - 1] ?? 0));
  }
  return width === Infinity ? usualWidthS : width;
}

function partOf(windows: readonly FittedWindow[], widthS: number, options: FittedOptions): Part {
  if (windows.length === 0) return { startS: 0, endS: 0 };
  let [first, last] = [Infinity, 0];
  for (const { startS } of windows) {
    first = Math.min(first, startS);
    last = Math.max(last, startS + widthS);
  }
  const { startS = first, durationS = Infinity } = options;
  const endS = Math.min(last, startS + durationS);
  if (endS > startS) return { startS, endS };
  throw new TradewindError("config_invalid", `nothing was recorded from second ${startS} on`, {
    hint: `the windows lie between second ${first} and second ${last}`,
  });
}

function expectedCount(windows: readonly FittedWindow[], widthS: number, part: Part): number {
  return windows.reduce((sum, { ratePerS, startS }) => {
    const seconds = Math.min(part.endS, startS + widthS) - Math.max(part.startS, startS);
    return sum + ratePerS * seconds;
  }, 0);
}

type WindowPlace = { readonly widthS: number; readonly part: Part; readonly seeded: Seeded };

/** Draws the whole window and keeps what lies in the part, so that a part shows what the whole day shows there. */
function drawWindow(at: Column, window: FittedWindow, { widthS, part, seeded }: WindowPlace): void {
  if (window.ratePerS === 0) return;
  const law = lawOf(window);
  const own = seeded.fork(`${window.startS} ${window.client}`);
  const endS = Math.min(window.startS + widthS, part.endS);
  let now = window.startS + law.first(own);
  for (; now < endS && at.count() < mostArrivals; now += law.next(own)) {
    if (now >= part.startS) at.add((now - part.startS) * 1000);
  }
}
