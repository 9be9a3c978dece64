import process from "node:process";
import { trialsAnswer } from "#gateway/document/trials-routes.ts";
import type { TrialsReport } from "#gateway/trials/compare-beside.ts";
import { readTrials, writeTrials } from "#gateway/trials/written-trials.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { askAdmin } from "./ask-admin.ts";
import { atDatabase } from "./config/at-database.ts";
import { readTrialsFrom } from "./trials/read-trials.ts";
import { showTrials } from "./trials/show-trials.ts";

const options = {
  json: { type: "boolean" },
  url: { type: "string" },
  key: { type: "string" },
} as const;

/** `tradewind status`: how canaries, shadows and peers do beside each other. */
export async function status(args: string[]): Promise<number> {
  const { values } = readFlags({ args, options });
  const { url, key = process.env.TRADEWIND_KEY, json = false } = values;
  if (url === undefined && values.key !== undefined)
    throw new TradewindError(
      "request_malformed",
      "expected: tradewind status [--json] [--url http://GATEWAY --key KEY]",
    );
  const tell = (report: TrialsReport): number => {
    const text = json ? JSON.stringify(writeTrials(report), undefined, 2) : showTrials(report);
    process.stdout.write(`${text}\n`);
    return 0;
  };
  if (url === undefined)
    return await atDatabase(async (database, within) =>
      tell((await readTrialsFrom(database, within)).report),
    );
  return tell(readTrials(await askAdmin({ url, key }, { path: "trials" }, trialsAnswer)));
}
