import { TradewindError } from "../errors.ts";
import type { SoftOperation } from "./soft-state.ts";

/** What either implementation takes; more would let one call delay every other, or one key fill the memory. */
export const softLimits = {
  operations: 128,
  nameBytes: 512,
  valueBytes: 1_048_576,
  messageBytes: 65_536,
  ttlMs: 30 * 24 * 3_600_000,
} as const;

/** Refuses what is too large or makes no sense before it costs anything; such a call is our own mistake. */
export function checkOperations(operations: readonly SoftOperation[]): void {
  atMost("operations in one call", operations.length, softLimits.operations);
  for (const operation of operations) checkOperation(operation);
}

export function checkMessage(channel: string, message: string): void {
  checkName("channel", channel);
  atMost("bytes in a message", Buffer.byteLength(message), softLimits.messageBytes);
}

export function checkName(what: "key" | "channel", name: string): void {
  if (name === "") throw new TradewindError("internal", `an empty ${what}`);
  atMost(`bytes in a ${what}`, Buffer.byteLength(name), softLimits.nameBytes);
}

function checkOperation(operation: SoftOperation): void {
  checkName("key", operation.key);
  if (operation.kind === "set") {
    atMost("bytes in a value", Buffer.byteLength(operation.value), softLimits.valueBytes);
  }
  if (operation.kind === "increment" && !Number.isSafeInteger(operation.by)) {
    throw new TradewindError("internal", `counting by ${operation.by}, expected a whole number`);
  }
  if ("ttlMs" in operation) checkTtl(operation.ttlMs);
}

function checkTtl(ttlMs: number): void {
  if (Number.isInteger(ttlMs) && ttlMs > 0 && ttlMs <= softLimits.ttlMs) return;
  throw new TradewindError(
    "internal",
    `a time to live of ${ttlMs} ms, expected 1 to ${softLimits.ttlMs} whole ones`,
  );
}

function atMost(what: string, count: number, most: number): void {
  if (count > most) throw new TradewindError("internal", `${count} ${what}, at most ${most} are taken`);
}
