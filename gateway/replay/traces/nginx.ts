import { type Field, readBytes, readJsonLine, readNumber, readStatus, splitFields } from "./fields.ts";
import type { Taken, Wanted } from "./line-reader.ts";
import { type Moment, readIsoMoment, readLogMoment } from "./moment.ts";
import type { Row } from "./rows.ts";

const datePart = /\[(\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "/;

/** nginx writes durations with three decimals, which no other number in a log has. */
const duration = /^\d{1,9}\.\d{3}$/;

export function looksLikeNginx(line: string): boolean {
  if (!line.startsWith("{")) return datePart.test(line);
  const entry = readJsonLine(line);
  return entry !== undefined && momentOfEntry(entry) !== undefined;
}

/**
 * A line of an access log in the common or combined format, or an object of JSON with nginx's own names. nginx writes
 * when a request ends, so where its duration is told the request came that much earlier. The common formats tell the
 * bytes of the answer only, which is not taken for the size of the image.
 */
export function readNginxRow(line: string, wanted: Wanted): Row | Exclude<Taken, "taken"> {
  return line.startsWith("{") ? readEntry(line, wanted) : readText(line, wanted);
}

function readText(line: string, wanted: Wanted): Row | Exclude<Taken, "taken"> {
  const found = datePart.exec(line);
  const moment = found ? readLogMoment(found[1] ?? "") : undefined;
  if (!found || !moment) return { wrong: "has no time in brackets before a request" };
  const [request, status, , ...rest] = splitFields(line, found.index + found[0].length - 1);
  if (wanted === "posts" && !request?.text.startsWith("POST ")) return "passed";
  const { bytes, observedMs } = readExtras(rest);
  return { moment, beforeMs: observedMs, bytes, observedMs, status: readStatus(status?.text) };
}

/** What people append to the combined format: `$request_length $request_time`, or the same with names (`rt=0.005`). */
function readExtras(fields: readonly Field[]): { bytes: number | undefined; observedMs: number | undefined } {
  const words = fields.filter(({ quoted }) => !quoted).map(({ text }) => text);
  const timeAt = words.findIndex((word) => duration.test(word));
  const length = named(words, /^(?:request_length|rl|len)=/) ?? words[timeAt - 1];
  const time = named(words, /^(?:request_time|rt)=/) ?? words[timeAt];
  return { bytes: readBytes(length), observedMs: inMs(time) };
}

function named(words: readonly string[], name: RegExp): string | undefined {
  return words
    .find((word) => name.test(word))
    ?.replace(/^[^=]*=/, "")
    .replace(/^"(.*)"$/, "$1");
}

function readEntry(line: string, wanted: Wanted): Row | Exclude<Taken, "taken"> {
  const entry = readJsonLine(line);
  if (!entry) return { wrong: "is no JSON object" };
  const moment = momentOfEntry(entry);
  if (!moment) return { wrong: 'has no "msec", "time_iso8601" or "time_local"' };
  if (wanted === "posts" && !isPost(entry)) return "passed";
  const observedMs = inMs(entry.request_time);
  return {
    moment,
    beforeMs: observedMs,
    bytes: readBytes(entry.request_length),
    observedMs,
    status: readStatus(entry.status),
  };
}

function momentOfEntry({
  msec,
  time_iso8601,
  time_local,
}: Readonly<Record<string, unknown>>): Moment | undefined {
  const seconds = readNumber(msec);
  if (seconds !== undefined && seconds < 253_402_300_800) {
    return { ms: Math.round(seconds * 1000), extraMs: 0, coarse: false };
  }
  if (typeof time_iso8601 === "string") return readIsoMoment(time_iso8601);
  return typeof time_local === "string" ? readLogMoment(time_local) : undefined;
}

/** An object that does not tell the method is taken: whoever wrote it may have chosen already. */
function isPost({ request_method, method, request }: Readonly<Record<string, unknown>>): boolean {
  const told = request_method ?? method ?? request;
  return typeof told !== "string" || told === "POST" || told.startsWith("POST ");
}

function inMs(seconds: unknown): number | undefined {
  const value = readNumber(seconds);
  return value === undefined ? undefined : value * 1000;
}
