import { publishConfiguration } from "#gateway/records/configurations.ts";
import { forgetTrials } from "#gateway/records/trials.ts";
import { shiftShare } from "#gateway/trials/shift-shares.ts";
import { atDatabase, whoever } from "../config/at-database.ts";
import { refuseUnproven } from "./may-shift.ts";
import { readTrialsFrom } from "./read-trials.ts";
import type { ShiftAsk } from "./shift-ask.ts";

/** Publishes the newest configuration with another share, for all gateways of a database. */
export function shiftAtDatabase(ask: ShiftAsk, tell: (line: string) => void): Promise<number> {
  const { isForced, note } = ask;
  return atDatabase(async (database, options) => {
    const { newest, report } = await readTrialsFrom(database, options);
    const shifted = shiftShare(newest.text, ask, { file: `version ${newest.version}` });
    if (!isForced) refuseUnproven(ask, shifted, report.trials);
    const publication = { text: shifted.text, source: "admin", actor: whoever(), note } as const;
    const { isNew, entry } = await publishConfiguration(
      database,
      { ...publication, expected: newest.version },
      options,
    );
    if (isNew) await forgetTrials(database.query, shifted.models);
    tell(`${shifted.told}: version ${entry.version}${isNew ? "" : " already"}`);
    return 0;
  });
}
