import type { Decision } from "#gateway/ledger/decision.ts";
import { ledgerInPostgres } from "#gateway/records/ledger.ts";
import { migrations } from "#gateway/records/open-records.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { openDatabase } from "#infra/runtime/postgres/database.ts";
import { migrate } from "#infra/runtime/postgres/migrate.ts";

/** What the gateways wrote; that of the last second may still be on its way. */
export async function readFromDatabase(
  url: string | undefined,
  requestId: string,
): Promise<readonly Decision[]> {
  if (url === undefined) {
    const hint = "set it to the gateway's PostgreSQL, or ask a gateway with --url and --key";
    throw new TradewindError("config_invalid", "DATABASE_URL is not set", { hint });
  }
  const options = { signal: AbortSignal.timeout(30_000) };
  await using database = await openDatabase({ url });
  await migrate(database, migrations, options);
  return await ledgerInPostgres(database).find({ requestId }, options);
}
