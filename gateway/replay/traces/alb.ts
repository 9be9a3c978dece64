import { readBytes, readNumber, readStatus, splitFields } from "./fields.ts";
import type { Taken, Wanted } from "./line-reader.ts";
import { readIsoMoment } from "./moment.ts";
import type { Row } from "./rows.ts";

const start = /^(?:https?|h2|grpcs|wss?) \d{4}-\d\d-\d\dT[\d:.]{8,18}Z \S/;

/** Where the fields stand that are of use. */
const places = { time: 1, processing: [5, 6, 7], status: 8, received: 10, request: 12, created: 21 } as const;

export function looksLikeAlb(line: string): boolean {
  return start.test(line);
}

/**
 * A line of the access log of an AWS Application Load Balancer. It carries the time of the answer and, in newer logs,
 * that of the request; without the latter the three durations lead back to it.
 */
export function readAlbRow(line: string, wanted: Wanted): Row | Exclude<Taken, "taken"> {
  if (!looksLikeAlb(line)) return { wrong: "is no line of a load balancer's access log" };
  const fields = splitFields(line).map(({ text }) => text);
  const request = fields[places.request];
  if (request === undefined) return { wrong: "ends before the request" };
  if (wanted === "posts" && !request.startsWith("POST ")) return "passed";
  const answered = readIsoMoment(fields[places.time] ?? "");
  if (!answered) return { wrong: "has no time of its answer" };
  const observedMs = sumMs(places.processing.map((place) => fields[place]));
  const created = readIsoMoment(fields[places.created] ?? "");
  return {
    moment: created ?? answered,
    beforeMs: created ? undefined : observedMs,
    bytes: readBytes(fields[places.received]),
    observedMs,
    status: readStatus(fields[places.status]),
  };
}

/** A time of -1 means that the request never reached a target, or that the target never answered. */
function sumMs(seconds: readonly (string | undefined)[]): number | undefined {
  let sum = 0;
  for (const text of seconds) {
    const value = readNumber(text);
    if (value === undefined) return undefined;
    sum += value;
  }
  return sum * 1000;
}
