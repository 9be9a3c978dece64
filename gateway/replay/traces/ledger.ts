import { readBytes, readJsonLine, readNumber, readStatus } from "./fields.ts";
import type { Taken } from "./line-reader.ts";
import type { Row } from "./rows.ts";

/** No clock that is set shows a time beyond the year 9999. */
const mostAt = 253_402_300_800_000;

export function looksLikeLedger(line: string): boolean {
  return line.startsWith("{") && typeof readJsonLine(line)?.at === "number";
}

/** A line of the gateway's own ledger: when the request came, its size, its model and how long it took. */
export function readLedgerRow(line: string): Row | Exclude<Taken, "taken"> {
  const entry = readJsonLine(line);
  if (!entry) return { wrong: "is no JSON object" };
  const at = readNumber(entry.at);
  if (at === undefined || at > mostAt) return { wrong: 'has no "at" in milliseconds since 1970' };
  const ms = Math.floor(at);
  const { model } = entry;
  return {
    moment: { ms, extraMs: at - ms, coarse: false },
    bytes: readBytes(entry.bytes),
    model: typeof model === "string" ? model : undefined,
    observedMs: readNumber(entry.ms),
    status: readStatus(entry.status),
  };
}
