import { z } from "zod";
import type { Database, Query } from "#infra/runtime/postgres/database.ts";
import { createSketch, sketchFromJson } from "../agreement/latency-sketch.ts";
import { addCounts, keyOf } from "../ledger/hour-rows.ts";
import {
  type LedgerBatch,
  type LedgerRow,
  type LedgerStore,
  nothingCounted,
} from "../ledger/ledger-store.ts";
import { decisionOf, type Recorded } from "../ledger/record-pursuit.ts";
import { plain, writeDecision } from "../ledger/written-decision.ts";
import { exportFromPostgres, findInPostgres, linesFromPostgres } from "./ledger-reading.ts";

/** The ledger in PostgreSQL: sums by the hour, to which many gateways add, and single decisions of the last day. */
export function ledgerInPostgres(database: Database): LedgerStore {
  return {
    isShared: true,
    write: (batch, { signal }) => database.transaction((query) => writeBatch(query, batch), { signal }),
    lines: (ask, options) => linesFromPostgres(database.query, ask, options),
    find: (ask, options) => findInPostgres(database.query, ask, options),
    exportPage: (ask, options) => exportFromPostgres(database.query, ask, options),
  };
}

/**
 * The id comes first: where it stands already, an earlier try of this batch was committed and its answer lost. A try
 * that still runs holds the id, so that this one waits for how that one ends.
 */
async function writeBatch(query: Query, { id, rows, decisions }: LedgerBatch): Promise<void> {
  const isNew = await query(
    "INSERT INTO ledger_batches (id) VALUES ($1) ON CONFLICT (id) DO NOTHING RETURNING id",
    [id],
  );
  if (isNew.length === 0) return;
  if (rows.length > 0) await addHours(query, storable(rows));
  if (decisions.length > 0) await query(insertDecisions, decisionColumns(decisions));
  await query("DELETE FROM ledger_batches WHERE at < now() - interval '1 hour'");
}

/** Names that become the same when they are cut are added up. */
function storable(rows: readonly LedgerRow[]): ReadonlyMap<string, LedgerRow> {
  const found = new Map<string, LedgerRow>();
  for (const row of rows) {
    const { tenant, model, backend } = row;
    const named = { ...row, tenant: plain(tenant), model: plain(model), backend: plain(backend) };
    const key = keyOf(named);
    const same = found.get(key);
    found.set(key, same ? sumOf(named, same) : named);
  }
  return found;
}

/** A new row: the batch may be written again, and must still be what it was. */
function sumOf(row: LedgerRow, other: LedgerRow): LedgerRow {
  const sum = { ...row, ...nothingCounted, sketch: undefined };
  addCounts(sum, row);
  addCounts(sum, other);
  return sum;
}

/** The sums are added where they stand; a sketch is added up here, while its row is ours until the commit. */
async function addHours(query: Query, added: ReadonlyMap<string, LedgerRow>): Promise<void> {
  const rows = [...added.values()];
  const kept = await query(addSums, sumColumns(rows), { parse: (row) => keptRow.parse(row) });
  const merged = kept.flatMap(({ sketch, ...names }) => {
    const more = added.get(keyOf(names))?.sketch;
    if (!more) return [];
    const sum = sketchFromJson(sketch) ?? createSketch();
    sum.merge(more);
    return { ...names, sketch: JSON.stringify(sum) };
  });
  const sketches = merged.map(({ sketch }) => sketch);
  if (merged.length > 0) await query(setSketches, [...nameColumns(merged), sketches]);
}

/** In the order of the key, so that no two gateways wait for each other's rows. */
const addSums = `
  INSERT INTO ledger_hours AS kept
    (tenant, hour, model, backend, kind, requests, failed, missed, hedges, retries,
      predicted_ms, real_ms, usd, cheapest_other_usd, dearest_other_usd, bytes)
  SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::text[],
    $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[],
    $11::float8[], $12::float8[], $13::float8[], $14::float8[], $15::float8[], $16::bigint[])
    AS added (tenant, hour, model, backend, kind)
  ORDER BY tenant, hour, model, backend, kind
  ON CONFLICT (tenant, hour, model, backend, kind) DO UPDATE SET
    requests = kept.requests + excluded.requests,
    failed = kept.failed + excluded.failed,
    missed = kept.missed + excluded.missed,
    hedges = kept.hedges + excluded.hedges,
    retries = kept.retries + excluded.retries,
    predicted_ms = kept.predicted_ms + excluded.predicted_ms,
    real_ms = kept.real_ms + excluded.real_ms,
    usd = kept.usd + excluded.usd,
    cheapest_other_usd = kept.cheapest_other_usd + excluded.cheapest_other_usd,
    dearest_other_usd = kept.dearest_other_usd + excluded.dearest_other_usd,
    bytes = kept.bytes + excluded.bytes
  RETURNING tenant, hour, model, backend, kind, sketch`;

const setSketches = `
  UPDATE ledger_hours AS kept SET sketch = added.sketch::jsonb
  FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[])
    AS added (tenant, hour, model, backend, kind, sketch)
  WHERE kept.tenant = added.tenant AND kept.hour = added.hour AND kept.model = added.model
    AND kept.backend = added.backend AND kept.kind = added.kind`;

const insertDecisions = `
  INSERT INTO decisions (request_id, image, at, tenant, model, backend, detail)
  SELECT * FROM unnest($1::text[], $2::integer[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::jsonb[])`;

const keptRow = z.object({
  tenant: z.string(),
  hour: z.date().transform((hour) => hour.getTime()),
  model: z.string(),
  backend: z.string(),
  kind: z.enum(["request", "agreement", "shadow", "wake", "probe"]),
  sketch: z.unknown(),
});

type Names = Pick<LedgerRow, "tenant" | "hour" | "model" | "backend" | "kind">;

function nameColumns(rows: readonly Names[]): unknown[] {
  return [
    rows.map(({ tenant }) => tenant),
    rows.map(({ hour }) => new Date(hour).toISOString()),
    rows.map(({ model }) => model),
    rows.map(({ backend }) => backend),
    rows.map(({ kind }) => kind),
  ];
}

function sumColumns(rows: readonly LedgerRow[]): unknown[] {
  return [
    ...nameColumns(rows),
    rows.map(({ requests }) => whole(requests)),
    rows.map(({ failed }) => whole(failed)),
    rows.map(({ missed }) => whole(missed)),
    rows.map(({ hedges }) => whole(hedges)),
    rows.map(({ retries }) => whole(retries)),
    rows.map(({ predictedMs }) => predictedMs),
    rows.map(({ realMs }) => realMs),
    rows.map(({ usd }) => usd),
    rows.map(({ cheapestOtherUsd }) => cheapestOtherUsd),
    rows.map(({ dearestOtherUsd }) => dearestOtherUsd),
    rows.map(({ bytes }) => whole(bytes)),
  ];
}

function decisionColumns(decisions: readonly Recorded[]): unknown[] {
  const written = decisions.map((recorded) => writeDecision(decisionOf(recorded)));
  return [
    written.map(({ request_id }) => request_id),
    written.map(({ image }) => image),
    written.map(({ at }) => at),
    written.map(({ tenant }) => tenant),
    written.map(({ model }) => model),
    written.map(({ outcome }) => outcome.answered_by ?? ""),
    written.map((detail) => JSON.stringify(detail)),
  ];
}

function whole(count: number): number {
  if (Number.isNaN(count)) return 0;
  return Math.round(Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, count)));
}
