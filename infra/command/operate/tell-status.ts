import { trialsAnswer } from "#gateway/document/trials-routes.ts";
import type { TrialsReport } from "#gateway/trials/compare-beside.ts";
import { readTrials, writeTrials } from "#gateway/trials/written-trials.ts";
import { askAdmin } from "../ask-admin.ts";
import { readTrialsFrom } from "../trials/read-trials.ts";
import { showTrials } from "../trials/show-trials.ts";
import { lookAtFleet } from "./look-at-fleet.ts";
import { type OpenedFleet, openFleet } from "./open-fleet.ts";
import type { Operator } from "./operator.ts";
import { type FleetSight, showFleet } from "./show-fleet.ts";
import type { StatusAsk } from "./status-ask.ts";
import { writeFleet } from "./write-fleet.ts";

/** Says how the fleet and its trials stand; of a gateway that is asked over HTTP, its trials. */
export async function tellStatus(ask: StatusAsk, operator: Operator): Promise<number> {
  const { url, key = operator.env.TRADEWIND_KEY } = ask;
  if (url !== undefined) {
    const trials = readTrials(await askAdmin({ url, key }, { path: "trials" }, trialsAnswer));
    return tellBoth(ask, operator, { trials });
  }
  await using fleet = await openFleet(operator, ask);
  const sight = await lookAtFleet(fleet, operator);
  return tellBoth(ask, operator, { sight, trials: await trialsOf(ask, fleet, operator) });
}

/** A file stands in the place of what is published, and what is tried there is measured nowhere. */
async function trialsOf(
  { file }: StatusAsk,
  { records }: OpenedFleet,
  { signal }: Operator,
): Promise<TrialsReport | undefined> {
  if (!records || file !== undefined) return undefined;
  return (await readTrialsFrom(records.database, { signal })).report;
}

type Found = { readonly sight?: FleetSight; readonly trials: TrialsReport | undefined };

function tellBoth({ isJson }: StatusAsk, { tell }: Operator, { sight, trials }: Found): number {
  if (isJson) {
    const written = { ...(sight && writeFleet(sight)), ...(trials && writeTrials(trials)) };
    tell(JSON.stringify(written, undefined, 2));
    return 0;
  }
  const parts = [...(sight ? [showFleet(sight)] : []), ...(trials ? [showTrials(trials)] : [])];
  tell(parts.join("\n\n"));
  return 0;
}
