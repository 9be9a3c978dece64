import { type Freeze, freeze, frozenInWords, readFreezes, thaw } from "#gateway/records/freezes.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { printable } from "../explain/table.ts";
import type { FreezeAsk } from "./freeze-ask.ts";
import { openFleet, openFleetRecords, refuseUnknown } from "./open-fleet.ts";
import type { Operator } from "./operator.ts";
import { rehearsedRecords } from "./rehearse-records.ts";

/** Freezes or thaws a provider, or all; no platform is called for it. */
export async function freezeByHand(ask: FreezeAsk, operator: Operator): Promise<number> {
  // A freeze may outlive its provider in the configuration, and is taken off all the same.
  if (ask.provider !== undefined && !ask.isOff) await refuseUndeclared(ask.provider, operator);
  await using records = await openFleetRecords(operator);
  const database = ask.isDry ? rehearsedRecords(records.database) : records.database;
  return ask.isOff ? await takeOff(ask, database, operator) : await put(ask, database, operator);
}

async function refuseUndeclared(provider: string, operator: Operator): Promise<void> {
  await using fleet = await openFleet(operator);
  refuseUnknown(fleet, provider);
}

async function put(
  { provider, why, forMs, isDry, isJson }: FreezeAsk,
  records: Database,
  { actor, tell, signal }: Operator,
): Promise<number> {
  const made = await freeze(records, { actor, provider, why, forMs }, { signal });
  const told = printable(frozenInWords(made));
  if (isJson) tell(JSON.stringify({ ...writeFreeze(made), dry_run: isDry }));
  else tell(isDry ? `would be written, and no platform is called: ${told}` : told);
  return 0;
}

async function takeOff(
  { provider, isDry, isJson }: FreezeAsk,
  records: Database,
  { actor, tell, signal }: Operator,
): Promise<number> {
  const wasFrozen = await thaw(records, { actor, provider }, { signal });
  const scope = provider ?? "the fleet";
  const told = wasFrozen ? `the freeze of ${scope} is taken off` : `${scope} has no freeze of its own`;
  if (isJson) tell(JSON.stringify({ provider: provider ?? null, thawed: wasFrozen, dry_run: isDry }));
  else tell(isDry ? `would be so, and no platform is called: ${told}` : told);
  if (!isJson && !isDry) for (const held of await stillFrozen(records, { signal })) tell(held);
  return wasFrozen ? 0 : 1;
}

/** One freeze may lie over another. */
async function stillFrozen(records: Database, reading: { readonly signal: AbortSignal }) {
  const freezes = await readFreezes(records.query, reading);
  const left = freezes.filter(({ endedAt }) => endedAt === undefined);
  return left.map((one) => printable(`still so: ${frozenInWords(one)}`));
}

export function writeFreeze({ provider, actor, why, createdAt, until }: Freeze) {
  return {
    provider: provider ?? null,
    ...{ actor, why },
    since: createdAt.toISOString(),
    until: until?.toISOString() ?? null,
  };
}
