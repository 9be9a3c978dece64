import { z } from "zod";
import type { ProviderStatus } from "#adapters/control.ts";
import type { Database, Query } from "#infra/runtime/postgres/database.ts";
import { hourOf } from "../ledger/hour-rows.ts";
import { hourMs } from "../ledger/ledger-store.ts";

type Reading = { readonly signal: AbortSignal };

export type SeenStanding = {
  readonly provider: string;
  readonly status: Pick<ProviderStatus, "running"> | undefined;
};

/** As long as anybody asks how fast instances are. */
const keptMs = 25 * hourMs;

/** What a platform cannot mean. */
const mostRunning = 1e6;

/** Lays down how many instances of each provider run at this look; in a transaction of whoever leads. */
export async function countStanding(
  leading: Database,
  { seen, now }: { readonly seen: readonly SeenStanding[]; readonly now: number },
  options: Reading,
): Promise<void> {
  const known = seen.flatMap(({ provider, status }) =>
    status && status.running >= 0
      ? [{ provider, running: Math.round(Math.min(mostRunning, Math.max(0, status.running))) }]
      : [],
  );
  const values = [
    new Date(hourOf(now)),
    known.map(({ provider }) => provider),
    known.map(({ running }) => running),
  ];
  await leading.transaction(async (query) => {
    await query(addLook, values);
    await query("DELETE FROM stood WHERE hour < $1", [new Date(hourOf(now - keptMs))]);
  }, options);
}

/** How many ran in the mean of an hour, over all looks at it. */
export type Stood = { readonly provider: string; readonly hour: number; readonly running: number };

export function readStood(query: Query, now: number, options: Reading): Promise<readonly Stood[]> {
  const text = `SELECT provider, hour, running::float8 / looks AS running FROM stood
    WHERE hour >= $1 ORDER BY hour DESC LIMIT 20000`;
  const parse = (row: unknown): Stood => stoodRow.parse(row);
  return query(text, [new Date(hourOf(now - keptMs))], { ...options, parse });
}

const addLook = `INSERT INTO stood AS kept (provider, hour, looks, running)
  SELECT provider, $1, 1, running FROM unnest($2::text[], $3::bigint[]) AS seen (provider, running)
  ON CONFLICT (provider, hour) DO UPDATE SET looks = kept.looks + 1, running = kept.running + excluded.running`;

const stoodRow = z.object({
  provider: z.string(),
  hour: z.date().transform((date) => date.getTime()),
  running: z.number(),
});
