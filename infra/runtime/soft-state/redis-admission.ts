import { TradewindError } from "../errors.ts";
import { admitSha } from "./admit-script.ts";
import { nameKey } from "./key-name.ts";
import { paceOf } from "./pace.ts";
import type { Admission, AdmitOperation } from "./soft-state.ts";

type Word = string | number;

/** What the script reads, in the order that its comment says. */
export function admitArguments(prefix: string, operation: AdmitOperation): Word[] {
  const { rates, budgets, lookups, places = [], receipt } = operation;
  const keys = keysOf(prefix, operation);
  const args: Word[] = [admitSha, keys.length, ...keys];
  args.push(rates.length, budgets.length, lookups.length, places.length, receipt?.ttlMs ?? 0);
  for (const rate of rates) {
    const { tick, unit, capacity } = paceOf(rate);
    args.push(tick, rate.most, rate.cost * unit, capacity, unit);
  }
  for (const { most, seed, cost, costEach, ttlMs } of budgets) {
    args.push(finite(most), seed, cost, costEach, ttlMs);
  }
  for (const { claim, free } of lookups) args.push(claim?.token ?? "", claim?.ttlMs ?? 0, free ? 0 : 1);
  for (const { member, most, ttlMs } of places) args.push(member, finite(most), ttlMs);
  return args;
}

function keysOf(prefix: string, operation: AdmitOperation): string[] {
  const { tag, rates, budgets, lookups, places = [], receipt } = operation;
  const before = nameKey(prefix, tag, "");
  const keys: string[] = [];
  for (const { key } of rates) keys.push(before + key);
  for (const { key } of budgets) keys.push(before + key);
  for (const { key } of lookups) keys.push(before + key);
  for (const { claim } of lookups) if (claim) keys.push(before + claim.key);
  for (const { key } of places) keys.push(before + key);
  if (receipt) keys.push(before + receipt.key);
  return keys;
}

/** The script reads no word for infinity, but a number beyond every count. */
function finite(most: number): Word {
  return most === Number.POSITIVE_INFINITY ? "1e308" : most;
}

const refusers = [undefined, "rates", "places", "budgets"] as const;

export function readAdmission(operation: AdmitOperation, reply: unknown): Admission {
  const { rates, places = [], budgets, lookups } = operation;
  const words = Array.isArray(reply) ? reply : [];
  const number = (at: number): number => {
    const word: unknown = words[at];
    if (typeof word === "number") return word;
    throw new TradewindError("soft_state_unavailable", "the soft state answered an admission that is none");
  };
  const by = refusers[number(0)];
  const takenAt = 3 + 2 * rates.length;
  const spentAt = takenAt + places.length;
  const foundAt = spentAt + budgets.length;
  const answer = {
    rates: rates.map((_, at) => ({ remaining: number(3 + 2 * at), resetMs: number(4 + 2 * at) })),
    taken: places.map((_, at) => number(takenAt + at)),
    spent: budgets.map((_, at) => number(spentAt + at)),
  };
  if (by) {
    const retryMs = number(2) < 0 ? Number.POSITIVE_INFINITY : number(2);
    return { admitted: false, refusal: { by, index: number(1), retryMs }, ...answer, found: [] };
  }
  const found = lookups.map((_, at) => ({
    value: asValue(words[foundAt + 2 * at]),
    claimed: number(foundAt + 2 * at + 1) === 1,
  }));
  return { admitted: true, ...answer, found };
}

function asValue(word: unknown): Uint8Array | undefined {
  return word instanceof Uint8Array ? word : undefined;
}
