import { TradewindError } from "../errors.ts";
import { checkAdmission, checkSettlement } from "./check-admission.ts";
import { atMost, checkBytes, checkName, checkTtl, softLimits } from "./soft-limits.ts";
import type { SoftOperation } from "./soft-state.ts";

/** Refuses what is too large or makes no sense before it costs anything; such a call is our own mistake. */
export function checkOperations(operations: readonly SoftOperation[]): void {
  atMost("operations in one call", operations.length, softLimits.operations);
  for (const operation of operations) checkOperation(operation);
}

function checkOperation(operation: SoftOperation): void {
  checkTag(operation.tag);
  if (operation.kind === "admit") checkAdmission(operation);
  else checkKeyed(operation);
}

function checkKeyed(operation: Exclude<SoftOperation, { readonly kind: "admit" }>): void {
  checkName("key", operation.key);
  // A bare key in the form of a tagged one would be the same key in a cluster, though nobody meant it.
  if (operation.tag === undefined && operation.key.startsWith("{")) {
    throw new TradewindError("internal", "a key without a tag that begins with a brace");
  }
  if (operation.kind === "set") {
    checkBytes("bytes in a value", operation.value, softLimits.valueBytes);
  }
  if ("by" in operation && !Number.isSafeInteger(operation.by)) {
    throw new TradewindError("internal", `counting by ${operation.by}, expected a whole number`);
  }
  if (operation.kind === "settle") checkSettlement(operation);
  if ("ttlMs" in operation) checkTtl(operation.ttlMs);
  if ("member" in operation) checkName("member", operation.member);
  if ("token" in operation) checkName("token", operation.token);
}

/** A cluster reads what stands between the first braces, and a tag that is empty there would not hold its keys together. */
function checkTag(tag: string | undefined): void {
  if (tag === undefined) return;
  if (tag === "" || tag.includes("{") || tag.includes("}")) {
    throw new TradewindError("internal", "a tag that is empty or has a brace in it");
  }
  checkBytes("bytes in a tag", tag, softLimits.tagBytes);
}
