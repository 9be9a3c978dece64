import { TradewindError } from "../errors.ts";
import { nameKey } from "./key-name.ts";
import { admitArguments, readAdmission } from "./redis-admission.ts";
import type { SettleOperation, SoftOperation, SoftResult } from "./soft-state.ts";

/** One command of Redis as data: its name, and what follows it. */
export type Words = { readonly name: string; readonly args: (string | Buffer | number)[] };

/**
 * Counts, and gives a key without an end one; sent as text, so that a restarted server needs no second round trip.
 * KEYS[1] the counter; ARGV[1] by how much, ARGV[2] milliseconds to live from birth; returns the new count.
 */
const increment = `local count = redis.call("INCRBY", KEYS[1], ARGV[1])
if redis.call("PTTL", KEYS[1]) == -1 then redis.call("PEXPIRE", KEYS[1], ARGV[2]) end
return count`;

/** KEYS[1] the receipt, then the counters it charged; ARGV what was spent of each; returns 1 if there was a receipt. */
const settle = `local receipt, i = redis.call("GET", KEYS[1]), 0
if not receipt then return 0 end
redis.call("UNLINK", KEYS[1])
for charged in string.gmatch(receipt, "%d+") do
  i = i + 1
  local count = KEYS[i + 1] and redis.call("GET", KEYS[i + 1])
  if count and string.match(count, "^%-?%d+$") then
    redis.call("INCRBY", KEYS[i + 1], string.format("%.0f", ARGV[i] - charged))
  end
end
return 1`;

/** KEYS[1] the claim; ARGV[1] the token it must hold; returns 1 if it did and is gone. */
const release = `if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call("UNLINK", KEYS[1])`;

export function wordsOf(prefix: string, operation: SoftOperation): Words {
  if (operation.kind === "admit") return { name: "evalsha", args: admitArguments(prefix, operation) };
  const key = nameKey(prefix, operation.tag, operation.key);
  switch (operation.kind) {
    case "get":
      return { name: "get", args: [key] };
    case "set": {
      const value = typeof operation.value === "string" ? operation.value : asBuffer(operation.value);
      const args = [key, value, "PX", operation.ttlMs];
      return { name: "set", args: operation.onlyIfAbsent ? [...args, "NX"] : args };
    }
    case "delete":
      return { name: "unlink", args: [key] };
    case "increment":
      return { name: "eval", args: [increment, 1, key, operation.by, operation.ttlMs] };
    case "leave":
      return { name: "zrem", args: [key, operation.member] };
    case "settle":
      return { name: "eval", args: settleArguments(prefix, key, operation) };
    case "release":
      return { name: "eval", args: [release, 1, key, operation.token] };
  }
}

function settleArguments(prefix: string, receipt: string, { tag, spent }: SettleOperation): Words["args"] {
  const keys = spent.map(({ key }) => nameKey(prefix, tag, key));
  return [settle, 1 + keys.length, receipt, ...keys, ...spent.map(({ amount }) => amount)];
}

export function readReply(operation: SoftOperation, reply: unknown): SoftResult {
  switch (operation.kind) {
    case "get":
      return reply instanceof Uint8Array ? reply : undefined;
    case "set":
      return reply instanceof Uint8Array;
    case "delete":
    case "leave":
    case "release":
    case "settle":
      return reply === 1;
    case "increment":
      if (typeof reply === "number") return reply;
      throw new TradewindError("soft_state_unavailable", "the soft state answered a count that is no number");
    case "admit":
      return readAdmission(operation, reply);
  }
}

/** A view, not a copy. */
function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
