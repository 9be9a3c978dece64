import { z } from "zod";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Database, Query } from "#infra/runtime/postgres/database.ts";

/** Who leads, or led last. */
export type LeaderRow = { readonly term: number; readonly leader: string; readonly since: Date };

/** Begins a term: from here on, what former leaders still write is refused. The lock must be held. */
export async function raiseTerm(
  ask: (text: string, values: readonly unknown[]) => Promise<readonly unknown[]>,
  leader: string,
): Promise<number> {
  const text = `INSERT INTO fleet_leader AS kept (term, leader) VALUES (1, $1)
    ON CONFLICT (single) DO UPDATE SET term = kept.term + 1, leader = excluded.leader, since = now()
    RETURNING term, leader, since`;
  const [row] = await ask(text, [leader.slice(0, 200)]);
  return parseLeader(row).term;
}

export async function readLeader(
  query: Query,
  options: { readonly signal?: AbortSignal } = {},
): Promise<LeaderRow | undefined> {
  const text = "SELECT term, leader, since FROM fleet_leader";
  const [row] = await query(text, [], { ...options, parse: parseLeader });
  return row;
}

/**
 * A transaction as the leader of a term, and of no other: a new term waits until it is over. One that was stopped in the
 * middle of its work must not hold up its successor, so the server ends a transaction of which it hears nothing.
 */
export async function holdTerm(query: Query, term: number): Promise<void> {
  const text = `SELECT set_config('idle_in_transaction_session_timeout', '${silentMs}', true)
    FROM fleet_leader WHERE term = $1 FOR SHARE`;
  if ((await query(text, [term])).length === 0) throw notLeader();
}

/** The same database for whoever leads a term: each of its transactions is of that term, or is refused. */
export function ofTerm(database: Database, term: number): Database {
  return {
    ...database,
    transaction: (work, options) =>
      database.transaction(async (query) => {
        await holdTerm(query, term);
        return await work(query);
      }, options),
  };
}

export function notLeader(cause?: unknown): TradewindError {
  return new TradewindError("not_leader", "another process leads the fleet now, or nobody does", { cause });
}

const silentMs = 5_000;

const row = z.object({ term: z.coerce.number(), leader: z.string(), since: z.date() });

function parseLeader(given: unknown): LeaderRow {
  return row.parse(given);
}
