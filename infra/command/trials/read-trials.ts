import { parseConfig } from "#gateway/config.ts";
import { newestConfiguration, type PublishedConfiguration } from "#gateway/records/configurations.ts";
import { trialsInPostgres } from "#gateway/records/trials.ts";
import type { TrialsReport } from "#gateway/trials/compare-beside.ts";
import { reportTrials } from "#gateway/trials/report-trials.ts";
import { plansOfSettings } from "#gateway/trials/trial-plan.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import type { Options } from "../config/at-database.ts";

export type Standing = { readonly newest: PublishedConfiguration; readonly report: TrialsReport };

/** What the newest configuration tries, and what the gateways have written down of it; they are a few seconds ahead. */
export async function readTrialsFrom(database: Database, options: Options): Promise<Standing> {
  const newest = await newestConfiguration(database.query, 0, options);
  if (!newest)
    throw new TradewindError("record_unknown", "no configuration was published yet", {
      hint: "a gateway publishes its own when it starts, or tradewind config publish does",
    });
  const { routes } = parseConfig(newest.text, { file: `version ${newest.version}` });
  const findings = await trialsInPostgres(database).read(options);
  const trials = reportTrials(plansOfSettings(routes), findings);
  return { newest, report: { isShared: true, trials } };
}
