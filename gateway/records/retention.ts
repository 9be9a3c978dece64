import { z } from "zod";
import type { Database } from "#infra/runtime/postgres/database.ts";

export type Swept = { readonly audit: number; readonly usage: number };

/** So many rows in one statement, so that a long neglected table is swept without holding anybody up. */
const mostAtOnce = 10_000;

/**
 * Deletes what is older than its tenant's retention, by the database's own clock, which all gateways share. Usage of
 * the month that is running stays whatever its age, since the month's bounds are counted from it.
 */
export async function sweepRecords(
  database: Database,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<Swept> {
  const options = signal ? { signal } : {};
  const sweep = async (text: string): Promise<number> => {
    let total = 0;
    for (;;) {
      const [found] = await database.query(text, [mostAtOnce], {
        ...options,
        parse: (row) => count.parse(row),
      });
      total += found?.swept ?? 0;
      if ((found?.swept ?? 0) < mostAtOnce) return total;
    }
  };
  const audit = await sweep("SELECT sweep_audit_events($1) AS swept");
  return { audit, usage: await sweep(sweepUsage) };
}

const count = z.object({ swept: z.coerce.number() });

const sweepUsage = `WITH swept AS (
    DELETE FROM usage_hours WHERE ctid = ANY (ARRAY (
      SELECT spent.ctid FROM usage_hours spent LEFT JOIN tenants ON tenants.id = spent.tenant
      WHERE spent.hour < now() - make_interval(days => coalesce(tenants.retention_days, 365))
        AND spent.hour < date_trunc('month', now(), 'UTC')
      LIMIT $1
    )) RETURNING 1
  )
  SELECT count(*) AS swept FROM swept`;
