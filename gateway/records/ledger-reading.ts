import { z } from "zod";
import type { Query } from "#infra/runtime/postgres/database.ts";
import { type Sketch, sketchFromJson } from "../agreement/latency-sketch.ts";
import type { Decision } from "../ledger/decision.ts";
import { hourOf } from "../ledger/hour-rows.ts";
import {
  type Dimension,
  type ExportAsk,
  type ExportPage,
  type FindAsk,
  type LedgerLine,
  type LinesAsk,
  mostFound,
  type Reading,
} from "../ledger/ledger-store.ts";
import { readDecision, writtenDecision } from "../ledger/written-decision.ts";

/** The sums of a page of hours, models, backends or tenants, in the order of their names. */
export async function linesFromPostgres(
  query: Query,
  ask: LinesAsk,
  { signal }: Reading,
): Promise<readonly LedgerLine[]> {
  const { by, after, most } = ask;
  const values = [...scopeOf(ask), after ?? null, most];
  const lines = await query(readLines(by), values, { parse: (row) => lineRow.parse(row), signal });
  const [first, last] = [lines.at(0), lines.at(-1)];
  if (!first || !last) return [];
  const rows = await query(readSketches(by), [...scopeOf(ask), first.name, last.name], {
    parse: (row) => sketchRow.parse(row),
    signal,
  });
  const sketches = rows.length > mostSketches ? new Map<string, Sketch>() : mergeByName(rows);
  return lines.map((line) => ({ ...line, sketch: sketches.get(line.name) }));
}

/** The newest first. */
export function findInPostgres(
  query: Query,
  { requestId, tenant }: FindAsk,
  { signal }: Reading,
): Promise<readonly Decision[]> {
  const text = `SELECT detail FROM decisions WHERE request_id = $1 AND ($2::text IS NULL OR tenant = $2)
    ORDER BY id DESC LIMIT ${mostFound}`;
  const parse = (row: unknown): Decision => readDecision(detailRow.parse(row).detail);
  return query(text, [requestId, tenant ?? null], { parse, signal });
}

/** The oldest first, in the order in which requests came. */
export async function exportFromPostgres(
  query: Query,
  { from, to, tenant, after, most }: ExportAsk,
  { signal }: Reading,
): Promise<ExportPage> {
  const [at, id] = after === undefined ? [null, null] : placeOf(after);
  const values = [new Date(from), new Date(to), tenant ?? null, at, id, most];
  const rows = await query(readExport, values, { parse: (row) => exportRow.parse(row), signal });
  const last = rows.at(-1);
  const lines = rows.map(({ id: _, at: moment, backend, ...line }) => ({
    at: moment.getTime(),
    ...line,
    backend: backend === "" ? null : backend,
  }));
  const next = last && rows.length === most ? `${last.at.getTime()} ${last.id}` : undefined;
  return { lines, next };
}

/** More would hold the reader up for percentiles that nobody waits for. */
const mostSketches = 20_000;

function scopeOf({ from, to, tenant, model, backend }: LinesAsk): unknown[] {
  return [new Date(hourOf(from)), new Date(to), tenant ?? null, model ?? null, backend ?? null];
}

/** In the order of code points, as names are compared everywhere else. */
const nameOf: Readonly<Record<Dimension, string>> = {
  hour: `to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') COLLATE "C"`,
  model: 'model COLLATE "C"',
  backend: 'backend COLLATE "C"',
  tenant: 'tenant COLLATE "C"',
};

function inScope(by: Dimension): string {
  return `(SELECT ${nameOf[by]} AS name, * FROM ledger_hours
    WHERE hour >= $1 AND hour < $2 AND ($3::text IS NULL OR tenant = $3)
      AND ($4::text IS NULL OR model = $4) AND ($5::text IS NULL OR backend = $5)) AS found`;
}

function readLines(by: Dimension): string {
  const sums = counts.map(
    (column) => `coalesce(sum(${column}) FILTER (WHERE kind = 'request'), 0) AS ${column}`,
  );
  const beside = ["agreement", "shadow", "wake", "probe"].map(
    (kind) => `coalesce(sum(usd) FILTER (WHERE kind = '${kind}'), 0) AS beside_${kind}`,
  );
  return `SELECT name, ${[...sums, ...beside].join(", ")}, sum(billed_usd) AS billed_usd FROM ${inScope(by)}
    WHERE $6::text IS NULL OR name > $6 GROUP BY name ORDER BY name LIMIT $7`;
}

function readSketches(by: Dimension): string {
  return `SELECT name, sketch FROM ${inScope(by)}
    WHERE name >= $6 AND name <= $7 AND sketch IS NOT NULL LIMIT ${mostSketches + 1}`;
}

const readExport = `
  SELECT id, at, model, backend, (detail ->> 'bytes')::float8 AS bytes,
    (detail -> 'outcome' ->> 'total_ms')::float8 AS ms, (detail -> 'outcome' ->> 'usd')::float8 AS usd,
    (detail -> 'outcome' ->> 'missed')::boolean AS missed
  FROM decisions
  WHERE at >= $1 AND at < $2 AND ($3::text IS NULL OR tenant = $3)
    AND ($4::timestamptz IS NULL OR (at, id) > ($4, $5::bigint))
  ORDER BY at, id LIMIT $6`;

const counts = [
  ...["requests", "failed", "missed", "hedges", "retries", "predicted_ms", "real_ms"],
  ...["usd", "cheapest_other_usd", "dearest_other_usd", "bytes"],
];

/** The driver gives what may be larger than a number as text. */
const number = z.coerce.number();

const lineRow = z
  .object({
    name: z.string(),
    requests: number,
    failed: number,
    missed: number,
    hedges: number,
    retries: number,
    predicted_ms: number,
    real_ms: number,
    usd: number,
    cheapest_other_usd: number,
    dearest_other_usd: number,
    bytes: number,
    beside_agreement: number,
    beside_shadow: number,
    beside_wake: number,
    beside_probe: number,
    billed_usd: number.nullable(),
  })
  .transform(({ name, requests, failed, missed, hedges, retries, usd, bytes, ...row }) => ({
    ...{ name, requests, failed, missed, hedges, retries, usd, bytes },
    predictedMs: row.predicted_ms,
    realMs: row.real_ms,
    cheapestOtherUsd: row.cheapest_other_usd,
    dearestOtherUsd: row.dearest_other_usd,
    besideUsd: {
      agreement: row.beside_agreement,
      shadow: row.beside_shadow,
      wake: row.beside_wake,
      probe: row.beside_probe,
    },
    billedUsd: row.billed_usd ?? undefined,
  }));

const sketchRow = z.object({ name: z.string(), sketch: z.unknown() });

const detailRow = z.object({ detail: writtenDecision });

const exportRow = z.object({
  id: number,
  at: z.date(),
  model: z.string(),
  backend: z.string(),
  bytes: z.number(),
  ms: z.number(),
  usd: z.number(),
  missed: z.boolean(),
});

function mergeByName(rows: readonly z.output<typeof sketchRow>[]): Map<string, Sketch> {
  const found = new Map<string, Sketch>();
  for (const { name, sketch } of rows) {
    const more = sketchFromJson(sketch);
    const known = found.get(name);
    if (more && known) known.merge(more);
    else if (more) found.set(name, more);
  }
  return found;
}

function placeOf(after: string): [Date, string] {
  const [at = "0", id = "0"] = after.split(" ");
  return [new Date(Number(at)), id];
}
