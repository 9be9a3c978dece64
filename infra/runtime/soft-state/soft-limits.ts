import { TradewindError } from "../errors.ts";

/** What either implementation takes; more would let one call delay every other, or one key fill the memory. */
export const softLimits = {
  operations: 128,
  nameBytes: 512,
  tagBytes: 128,
  valueBytes: 1_048_576,
  messageBytes: 65_536,
  ttlMs: 30 * 24 * 3_600_000,
  rates: 8,
  places: 4,
  budgets: 8,
  lookups: 16,
  /** Of a rate: what it allows in a period, at one moment, or is asked for at once. */
  rateUnits: 1_000_000_000,
} as const;

export function checkMessage(channel: string, message: string): void {
  checkName("channel", channel);
  atMost("bytes in a message", Buffer.byteLength(message), softLimits.messageBytes);
}

export function checkName(what: "key" | "channel" | "member" | "token", name: string): void {
  if (name === "") throw new TradewindError("internal", `an empty ${what}`);
  checkBytes(`bytes in a ${what}`, name, softLimits.nameBytes);
}

export function checkWhole(what: string, count: number, least: number, most: number): void {
  if (Number.isSafeInteger(count) && count >= least && count <= most) return;
  throw new TradewindError(
    "internal",
    `${what} is ${count}, expected a whole number from ${least} to ${most}`,
  );
}

export function checkTtl(ttlMs: number): void {
  if (Number.isInteger(ttlMs) && ttlMs > 0 && ttlMs <= softLimits.ttlMs) return;
  throw new TradewindError(
    "internal",
    `a time to live of ${ttlMs} ms, expected 1 to ${softLimits.ttlMs} whole ones`,
  );
}

export function atMost(what: string, count: number, most: number): void {
  if (count > most) throw new TradewindError("internal", `${count} ${what}, at most ${most} are taken`);
}

export function checkBytes(what: string, content: string | Uint8Array, most: number): void {
  // A UTF-16 unit is three bytes at most, so that most names need no counting.
  if (typeof content === "string" && content.length * 3 <= most) return;
  atMost(what, Buffer.byteLength(content), most);
}
