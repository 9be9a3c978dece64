import type { ChainableCommander } from "ioredis";
import { TradewindError } from "../errors.ts";
import type { SoftOperation, SoftResult } from "./soft-state.ts";

/**
 * Counts, and gives a key without an end one; sent as text, so that a restarted server needs no second round trip.
 * KEYS[1] the counter; ARGV[1] by how much, ARGV[2] milliseconds to live from birth; returns the new count.
 */
const increment = `local count = redis.call("INCRBY", KEYS[1], ARGV[1])
if redis.call("PTTL", KEYS[1]) == -1 then redis.call("PEXPIRE", KEYS[1], ARGV[2]) end
return count`;

export type Reply = readonly [error: Error | null, result: unknown];

export function queueOperation(pipeline: ChainableCommander, key: string, operation: SoftOperation): void {
  switch (operation.kind) {
    case "get":
      pipeline.getBuffer(key);
      return;
    case "set": {
      const value = typeof operation.value === "string" ? operation.value : asBuffer(operation.value);
      if (operation.onlyIfAbsent) pipeline.set(key, value, "PX", operation.ttlMs, "NX");
      else pipeline.set(key, value, "PX", operation.ttlMs);
      return;
    }
    case "delete":
      pipeline.unlink(key);
      return;
    case "increment":
      pipeline.eval(increment, 1, key, operation.by, operation.ttlMs);
      return;
  }
}

export function readReply(operation: SoftOperation, reply: Reply | undefined): SoftResult {
  const [error, result] = reply ?? [new Error("no reply"), undefined];
  if (error) throw error;
  switch (operation.kind) {
    case "get":
      return result instanceof Uint8Array ? result : undefined;
    case "set":
      return result === "OK";
    case "delete":
      return result === 1;
    case "increment":
      if (typeof result === "number") return result;
      throw new TradewindError("soft_state_unavailable", "the soft state answered a count that is no number");
  }
}

/** A view, not a copy. */
function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
