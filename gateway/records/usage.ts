import { z } from "zod";
import type { Database, Query } from "#infra/runtime/postgres/database.ts";
import { boundsOf } from "../usage/month.ts";
import {
  noUsage,
  type UsageBatch,
  type UsageReport,
  type UsageRow,
  type UsageStore,
} from "../usage/usage-store.ts";

/** Usage in PostgreSQL, by the hour; many gateways add to the same rows. */
export function usageInPostgres(database: Database): UsageStore {
  return {
    write: (batch, { signal }) => database.transaction((query) => writeBatch(query, batch), { signal }),
    months: (month, { which, signal }) => {
      const values = [`${month}-01`, which === "all"];
      return database.query(readMonths, values, { parse: (row) => monthRow.parse(row), signal });
    },
    report: async ({ tenant, month }, { signal }) => {
      const { from, until } = boundsOf(month);
      const values = [tenant, new Date(from), new Date(until)];
      const options = { parse: (row: unknown) => reportRow.parse(row), signal };
      return gather(await database.query(readReport, values, options));
    },
  };
}

/**
 * The id comes first: where it stands already, an earlier try of this batch was committed and its answer lost. A try
 * that still runs holds the id, so that this one waits for how that one ends.
 */
async function writeBatch(query: Query, { id, rows }: UsageBatch): Promise<void> {
  const isNew = await query(
    "INSERT INTO usage_batches (id) VALUES ($1) ON CONFLICT (id) DO NOTHING RETURNING id",
    [id],
  );
  if (isNew.length === 0) return;
  const columns = columnsOf(rows);
  await query(addHours, columns);
  await query(addMonths, [columns[0], columns[3], columns[5], columns[8]]);
  await query("DELETE FROM usage_batches WHERE at < now() - interval '1 hour'");
  // Only the running month is ever asked for; a gateway whose clock is late may still be in the one before.
  await query("DELETE FROM usage_months WHERE month < now() AT TIME ZONE 'UTC' - interval '3 months'");
}

/** In the order of the key, so that no two gateways wait for each other's rows. */
const addHours = `
  INSERT INTO usage_hours AS kept
    (tenant, key_id, model, hour, requests, images, cached, failed, nano_usd)
  SELECT tenant, key_id, model, hour,
    sum(requests)::bigint, sum(images)::bigint, sum(cached)::bigint, sum(failed)::bigint, sum(nano_usd)::bigint
  FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[],
    $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[])
    AS added (tenant, key_id, model, hour, requests, images, cached, failed, nano_usd)
  GROUP BY tenant, hour, key_id, model
  ORDER BY tenant, hour, key_id, model
  ON CONFLICT (tenant, hour, key_id, model) DO UPDATE SET
    requests = kept.requests + excluded.requests,
    images = kept.images + excluded.images,
    cached = kept.cached + excluded.cached,
    failed = kept.failed + excluded.failed,
    nano_usd = kept.nano_usd + excluded.nano_usd`;

const addMonths = `
  INSERT INTO usage_months AS kept (month, tenant, images, nano_usd)
  SELECT date_trunc('month', hour AT TIME ZONE 'UTC')::date, tenant, sum(images)::bigint, sum(nano_usd)::bigint
  FROM unnest($1::text[], $2::timestamptz[], $3::bigint[], $4::bigint[]) AS added (tenant, hour, images, nano_usd)
  GROUP BY 1, 2
  ORDER BY 1, 2
  ON CONFLICT (month, tenant) DO UPDATE SET
    images = kept.images + excluded.images,
    nano_usd = kept.nano_usd + excluded.nano_usd,
    changed_at = now()`;

function columnsOf(rows: readonly UsageRow[]): unknown[] {
  return [
    rows.map(({ tenant }) => storable(tenant)),
    rows.map(({ keyId }) => storable(keyId)),
    rows.map(({ model }) => storable(model)),
    rows.map(({ hour }) => new Date(hour).toISOString()),
    rows.map(({ requests }) => whole(requests)),
    rows.map(({ images }) => whole(images)),
    rows.map(({ cached }) => whole(cached)),
    rows.map(({ failed }) => whole(failed)),
    rows.map(({ nanoUsd }) => whole(nanoUsd)),
  ];
}

/** One text that the database refuses would hold up all that comes after it. */
function storable(text: string): string {
  return text.replaceAll("\u0000", "").slice(0, 256);
}

function whole(count: number): number {
  if (Number.isNaN(count)) return 0;
  return Math.round(Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, count)));
}

/** A bound that memory can bear; who used most comes first. */
const readMonths = `
  SELECT tenant, images, nano_usd FROM usage_months
  WHERE month = $1::date AND ($2::boolean OR changed_at > now() - interval '1 minute')
  ORDER BY nano_usd DESC, images DESC
  LIMIT 200000`;

/** The driver gives what may be larger than a number as text. */
const count = z.coerce.number();

const monthRow = z
  .object({ tenant: z.string(), images: count, nano_usd: count })
  .transform(({ tenant, images, nano_usd }) => ({ tenant, images, nanoUsd: nano_usd }));

const readReport = `
  SELECT model, day, coalesce(sum(requests), 0) AS requests, coalesce(sum(images), 0) AS images,
    coalesce(sum(cached), 0) AS cached, coalesce(sum(failed), 0) AS failed, coalesce(sum(nano_usd), 0) AS nano_usd
  FROM (
    SELECT *, to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day FROM usage_hours
    WHERE tenant = $1 AND hour >= $2 AND hour < $3
  ) AS found
  GROUP BY GROUPING SETS ((), (day), (model))
  ORDER BY grouping(model) DESC, day, images DESC, model
  LIMIT 1032`;

/** With neither a model nor a day it is the total. */
const reportRow = z
  .object({
    model: z.string().nullable(),
    day: z.string().nullable(),
    requests: count,
    images: count,
    cached: count,
    failed: count,
    nano_usd: count,
  })
  .transform(({ nano_usd, ...row }) => ({ ...row, nanoUsd: nano_usd }));

function gather(rows: readonly z.output<typeof reportRow>[]): UsageReport {
  const models = rows.flatMap(({ model, day: _, ...counts }) =>
    model === null ? [] : { name: model, ...counts },
  );
  const days = rows.flatMap(({ day, model: _, ...counts }) => (day === null ? [] : { date: day, ...counts }));
  const total = rows.find(({ model, day }) => model === null && day === null);
  const { requests, images, cached, failed, nanoUsd } = total ?? noUsage;
  return { total: { requests, images, cached, failed, nanoUsd }, models, days };
}
