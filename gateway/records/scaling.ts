import { z } from "zod";
import type { Scaling } from "#adapters/control.ts";
import type { Database, Query } from "#infra/runtime/postgres/database.ts";
import { storable } from "./storable.ts";

/** What was done to a provider's size last, and what its platform did not have. */
export type ScalingRow = {
  readonly provider: string;
  readonly wanted: Scaling | undefined;
  readonly changedAt: number | undefined;
  readonly refusal: ScalingRefusal | undefined;
};

export type ScalingRefusal = {
  /** So many were not to be had. */
  readonly count: number;
  readonly until: number;
  readonly code: string;
  readonly why: string;
};

type Options = { readonly signal?: AbortSignal };

export async function readScalings(
  query: Query,
  options: Options = {},
): Promise<ReadonlyMap<string, ScalingRow>> {
  const text = `SELECT provider, wanted, changed_at, refused_until, refused_count, refused_code, refused_why
    FROM scalings LIMIT 10000`;
  const rows = await query(text, [], { ...options, parse: parseScaling });
  return new Map(rows.map((one) => [one.provider, one]));
}

export type Change = {
  readonly provider: string;
  readonly wanted: Scaling;
  readonly at: number;
};

/** In a transaction of whoever leads. */
export async function writeChange(
  leading: Database,
  { provider, wanted, at }: Change,
  options: Options = {},
): Promise<void> {
  const text = `INSERT INTO scalings (provider, wanted, changed_at) VALUES ($1, $2, $3)
    ON CONFLICT (provider) DO UPDATE SET wanted = excluded.wanted, changed_at = excluded.changed_at`;
  const values = [provider, JSON.stringify(wanted), new Date(at)];
  await leading.transaction((query) => query(text, values), options);
}

/** In a transaction of whoever leads. */
export async function writeRefusal(
  leading: Database,
  provider: string,
  { count, until, code, why }: ScalingRefusal,
  options: Options = {},
): Promise<void> {
  const text = `INSERT INTO scalings (provider, refused_until, refused_count, refused_code, refused_why)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (provider) DO UPDATE SET refused_until = excluded.refused_until,
      refused_count = excluded.refused_count, refused_code = excluded.refused_code,
      refused_why = excluded.refused_why`;
  const values = [provider, new Date(until), Math.round(count), code, storable(why.slice(0, 1_000))];
  await leading.transaction((query) => query(text, values), options);
}

const count = z.number().exactOptional();

const row = z.object({
  provider: z.string(),
  wanted: z.object({ count, least: count, most: count }).nullable(),
  changed_at: z.date().nullable(),
  refused_until: z.date().nullable(),
  refused_count: z.number().nullable(),
  refused_code: z.string().nullable(),
  refused_why: z.string().nullable(),
});

function parseScaling(given: unknown): ScalingRow {
  const { provider, wanted, changed_at, refused_until, refused_count, ...refused } = row.parse(given);
  const { refused_code: code, refused_why: why } = refused;
  return {
    provider,
    wanted: wanted ?? undefined,
    changedAt: changed_at?.getTime(),
    refusal:
      refused_until && refused_count !== null
        ? { until: refused_until.getTime(), count: refused_count, code: code ?? "", why: why ?? "" }
        : undefined,
  };
}
