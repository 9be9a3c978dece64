import { TradewindError } from "../errors.ts";
import { PlaceTable } from "./places.ts";
import type { Level } from "./rate-level.ts";

/** What the process keeps under a key: bytes that were set, a count, a rate's level, or who holds places. */
export type Stored = Uint8Array | number | Level | PlaceTable;

export function weigh(stored: Stored): number {
  if (stored instanceof Uint8Array) return stored.byteLength;
  return stored instanceof PlaceTable ? stored.bytes : 0;
}

/** As Redis would answer it: a count is its digits. A copy: what the caller does to it is no business of the next reader. */
export function asBytes(stored: Stored | undefined): Uint8Array | undefined {
  if (stored instanceof Uint8Array) return stored.slice();
  return typeof stored === "number" ? new TextEncoder().encode(String(stored)) : undefined;
}

/** Undefined for what is no count. */
export function asCount(stored: Stored | undefined): number | undefined {
  if (typeof stored === "number") return stored;
  if (!(stored instanceof Uint8Array)) return undefined;
  const { buffer, byteOffset, byteLength } = stored;
  const text = Buffer.from(buffer, byteOffset, Math.min(byteLength, 32)).toString("latin1");
  return /^(0|-?[1-9]\d{0,15})$/.test(text) ? Number(text) : undefined;
}

export function mustCount(stored: Stored): number {
  const count = asCount(stored);
  if (count !== undefined) return count;
  throw refused("the value to count is no number");
}

export function mustHoldPlaces(stored: Stored | undefined): PlaceTable | undefined {
  if (stored === undefined || stored instanceof PlaceTable) return stored;
  throw refused("what lies there holds no places");
}

/** Where Redis would answer an error. */
function refused(why: string): TradewindError {
  return new TradewindError("soft_state_unavailable", `the soft state refused: ${why}`);
}
