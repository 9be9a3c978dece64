import { z } from "zod";
import type { Database, Query } from "#infra/runtime/postgres/database.ts";
import { hourOf } from "../ledger/hour-rows.ts";
import { hourMs } from "../ledger/ledger-store.ts";
import { type HourSum, minuteOf, spreadDemand } from "../operations/demand/spread-demand.ts";

type Reading = { readonly signal: AbortSignal };

/** For so long demand is kept by the minute. */
const keptMs = 15 * 86_400_000;

/** Lays down by how much the ledger grew since the last look; in a transaction of whoever leads. */
export async function countDemand(leading: Database, now: number, options: Reading): Promise<void> {
  await leading.transaction(async (query) => {
    const lookedAt = await readLooked(query);
    const since = hourOf(Math.max(now - keptMs, (lookedAt ?? now) - hourMs));
    const ledger = await query(ledgerSums, [new Date(since)], { parse: parseSum });
    const counted = await query(countedSums, [new Date(since)], { parse: parseSum });
    const grown = spreadDemand({ ledger, counted, lookedAt, now });
    // A minute that was looked at and has nothing is one in which nothing came.
    const first = minuteOf(Math.max(lookedAt ?? hourOf(now), now - keptMs));
    await query(
      `INSERT INTO demand (minute, model, requests)
        SELECT minute, '', 0 FROM generate_series($1::timestamptz, $2, interval '1 minute') AS minute
        ON CONFLICT DO NOTHING`,
      [new Date(first), new Date(now)],
    );
    await query(addDemand, [
      grown.map(({ minute }) => new Date(minute)),
      grown.map(({ model }) => model),
      grown.map(({ requests }) => requests),
    ]);
    await query(
      `INSERT INTO demand_looked AS kept (at, since) VALUES ($1, $1)
        ON CONFLICT (single) DO UPDATE SET at = greatest(kept.at, excluded.at)`,
      [new Date(now)],
    );
    await query("DELETE FROM demand WHERE minute < $1", [new Date(now - keptMs)]);
  }, options);
}

export type CountedDemand = { readonly at: number; readonly seconds: number; readonly requests: number };

/**
 * What came for some models, in time order: by the minute for the last hours, by the quarter of an hour before, and by the
 * hour where nobody counted yet. The minute that is running is left out.
 */
export async function readDemand(
  query: Query,
  { models, now }: { readonly models: readonly string[]; readonly now: number },
  options: Reading,
): Promise<readonly CountedDemand[]> {
  const parse = (row: unknown): CountedDemand => countedRow.parse(row);
  const fineFrom = hourOf(now - 6 * hourMs);
  const values = [models, new Date(fineFrom), new Date(minuteOf(now))];
  const minutes = await query(fineDemand, values, { ...options, parse });
  const quarters = await query(coarseDemand, [models, new Date(fineFrom)], { ...options, parse });
  const first = quarters[0]?.at ?? minutes[0]?.at;
  const until = first === undefined ? now : hourOf(first);
  const before = [models, new Date(now - keptMs), new Date(until)];
  const hours = await query(hourDemand, before, { ...options, parse });
  // Of the hour that is running there is as much as went by.
  const passed = hours.map((one) => ({ ...one, seconds: Math.min(one.seconds, (now - one.at) / 1_000) }));
  return [...passed.filter(({ seconds }) => seconds > 0), ...quarters, ...minutes];
}

/** Since when all was counted that came: the hour in which the ledger began may have begun without it. */
export async function readCountedSince(
  query: Query,
  now: number,
  options: Reading,
): Promise<number | undefined> {
  const text = `SELECT least((SELECT since FROM demand_looked), (SELECT min(hour) + interval '1 hour'
    FROM ledger_hours WHERE kind = 'request' AND hour >= $1)) AS since`;
  const parse = (row: unknown): number | undefined => sinceRow.parse(row).since?.getTime();
  const [since] = await query(text, [new Date(hourOf(now - keptMs))], { ...options, parse });
  return since;
}

/** How many came in this hour and the last, and were not in time; undefined where nobody came. */
export async function readLately(
  query: Query,
  { models, now }: { readonly models: readonly string[]; readonly now: number },
  options: Reading,
): Promise<{ readonly requests: number; readonly missed: number } | undefined> {
  const text = `SELECT coalesce(sum(requests), 0) AS requests, coalesce(sum(missed), 0) AS missed
    FROM ledger_hours WHERE kind = 'request' AND model = ANY ($1) AND hour >= $2`;
  const values = [models, new Date(hourOf(now - hourMs))];
  const [lately] = await query(text, values, { ...options, parse: (row) => latelyRow.parse(row) });
  return lately && lately.requests > 0 ? lately : undefined;
}

export type SpeedSum = {
  readonly backend: string;
  readonly hour: number;
  readonly answered: number;
  readonly realMs: number;
  /** What all images that went there had together. */
  readonly bytes: number;
};

/** How long each backend took together for what it answered in each of the last hours. */
export function readSpeeds(query: Query, now: number, options: Reading): Promise<readonly SpeedSum[]> {
  const text = `SELECT backend, hour, sum(requests - failed) AS answered, sum(real_ms) AS real_ms,
    sum(bytes) AS bytes FROM ledger_hours WHERE kind = 'request' AND hour >= $1 AND backend <> ''
    GROUP BY backend, hour HAVING sum(requests - failed) > 0 ORDER BY hour DESC LIMIT 20000`;
  const parse = (row: unknown): SpeedSum => {
    const { real_ms: realMs, hour, ...rest } = speedRow.parse(row);
    return { ...rest, hour: hour.getTime(), realMs };
  };
  return query(text, [new Date(hourOf(now - speedsMs))], { ...options, parse });
}

/** How fast a backend is changes with what runs there. */
const speedsMs = 24 * hourMs;

const ledgerSums = `SELECT hour, model, sum(requests) AS requests FROM ledger_hours
  WHERE kind = 'request' AND hour >= $1 AND model <> '' GROUP BY hour, model`;

const countedSums = `SELECT date_trunc('hour', minute, 'UTC') AS hour, model, sum(requests) AS requests
  FROM demand WHERE minute >= $1 AND model <> '' GROUP BY 1, model`;

const addDemand = `INSERT INTO demand AS kept (minute, model, requests)
  SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::float8[])
  ON CONFLICT (minute, model) DO UPDATE SET requests = kept.requests + excluded.requests`;

const fineDemand = `SELECT minute AS at, 60 AS seconds,
    coalesce(sum(requests) FILTER (WHERE model = ANY ($1)), 0) AS requests
  FROM demand WHERE minute >= $2 AND minute < $3 GROUP BY minute ORDER BY minute`;

const coarseDemand = `SELECT date_bin('15 minutes', minute, 'epoch') AS at, 60 * count(DISTINCT minute) AS seconds,
    coalesce(sum(requests) FILTER (WHERE model = ANY ($1)), 0) AS requests
  FROM demand WHERE minute < $2 GROUP BY 1 ORDER BY 1`;

const hourDemand = `SELECT hour AS at, 3600 AS seconds, sum(requests) AS requests FROM ledger_hours
  WHERE kind = 'request' AND model = ANY ($1) AND hour >= $2 AND hour < $3 GROUP BY hour ORDER BY hour`;

const moment = z.date().transform((date) => date.getTime());
const sumRow = z.object({ hour: moment, model: z.string(), requests: z.coerce.number() });
const countedRow = z.object({ at: moment, seconds: z.coerce.number(), requests: z.coerce.number() });
const latelyRow = z.object({ requests: z.coerce.number(), missed: z.coerce.number() });
const sinceRow = z.object({ since: z.date().nullable() });
const speedRow = z.object({
  backend: z.string(),
  hour: z.date(),
  answered: z.coerce.number(),
  real_ms: z.number(),
  bytes: z.coerce.number(),
});

function parseSum(given: unknown): HourSum {
  return sumRow.parse(given);
}

async function readLooked(query: Query): Promise<number | undefined> {
  const parse = (row: unknown): number => z.object({ at: moment }).parse(row).at;
  const [at] = await query("SELECT at FROM demand_looked", [], { parse });
  return at;
}
