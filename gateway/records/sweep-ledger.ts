import { z } from "zod";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";

export type LedgerRetention = {
  /** Single decisions; their sums stay as long as their tenant's usage does. */
  readonly decisionsMs?: number;
};

export type LedgerSwept = { readonly decisions: number; readonly hours: number };

const usualMs = 86_400_000;

/** Soon after the start, since a gateway that never runs for long would never sweep. */
const firstAfterMs = 60_000;

/** There are many decisions, so they go a few minutes' worth at a time. */
const everyMs = 300_000;

/** So many rows in one statement, so that a long neglected table is swept without holding anybody up. */
const mostAtOnce = 10_000;

/** Deletes what is older than its retention every few minutes until it is closed. */
export function keepLedgerSwept(
  database: Database,
  { clock, ...retention }: LedgerRetention & { readonly clock: Clock },
): AsyncDisposable {
  const stop = new AbortController();
  const sweeping = sweepAgain(database, { clock, retention, signal: stop.signal });
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await sweeping;
    },
  };
}

/** By the database's own clock, which all gateways share. */
export async function sweepLedger(
  database: Database,
  { decisionsMs = usualMs }: LedgerRetention = {},
  options: { readonly signal?: AbortSignal } = {},
): Promise<LedgerSwept> {
  const sweep = async (text: string, values: readonly unknown[]): Promise<number> => {
    const parse = (row: unknown): number => count.parse(row).swept;
    for (let total = 0; ; ) {
      const [swept = 0] = await database.query(text, [mostAtOnce, ...values], { ...options, parse });
      total += swept;
      if (swept < mostAtOnce) return total;
    }
  };
  const decisions = await sweep(sweepDecisions, [decisionsMs / 1000]);
  return { decisions, hours: await sweep(sweepHours, []) };
}

const count = z.object({ swept: z.coerce.number() });

const sweepDecisions = `WITH swept AS (
    DELETE FROM decisions WHERE ctid = ANY (ARRAY (
      SELECT ctid FROM decisions WHERE kept_at < now() - make_interval(secs => $2) ORDER BY kept_at LIMIT $1
    )) RETURNING 1
  )
  SELECT count(*) AS swept FROM swept`;

const sweepHours = `WITH swept AS (
    DELETE FROM ledger_hours WHERE ctid = ANY (ARRAY (
      SELECT spent.ctid FROM ledger_hours spent LEFT JOIN tenants ON tenants.id = spent.tenant
      WHERE spent.hour < now() - make_interval(days => coalesce(tenants.retention_days, 365))
      LIMIT $1
    )) RETURNING 1
  )
  SELECT count(*) AS swept FROM swept`;

type Sweeping = {
  readonly clock: Clock;
  readonly retention: LedgerRetention;
  readonly signal: AbortSignal;
};

async function sweepAgain(database: Database, { clock, retention, signal }: Sweeping): Promise<void> {
  for (let waitMs = firstAfterMs; !signal.aborted; waitMs = everyMs) {
    try {
      await clock.sleep(waitMs, { signal });
      await sweepLedger(database, retention, { signal });
    } catch (error) {
      if (!signal.aborted) sideConcernSkipped.publish({ what: "sweeping old records", error });
    }
  }
}
