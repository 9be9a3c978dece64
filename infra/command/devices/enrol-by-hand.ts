import process from "node:process";
import { createEnrolment } from "#gateway/records/enrolments.ts";
import { systemChance as chance } from "#infra/runtime/chance.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { type Options, whoever } from "../config/at-database.ts";
import { type DeviceFlags, readEnrolAsk } from "./device-flags.ts";

type AtRecords = (work: (database: Database, options: Options) => Promise<number>) => Promise<number>;

/** A token for each device that is to come, on a line of its own. */
export async function enrolByHand(flags: DeviceFlags, atRecords: AtRecords): Promise<number> {
  const { terms, forMs, count } = readEnrolAsk(flags);
  const { fingerprintOfRoot } = await import("./first-root.ts");
  const root = await fingerprintOfRoot(flags, { signal: AbortSignal.timeout(30_000) });
  return await atRecords(async (database, options) => {
    const actor = whoever();
    for (let left = count; left > 0; left -= 1) {
      const { text, id, expiresAt } = await createEnrolment(
        database,
        { actor, terms, forMs, chance },
        options,
      );
      process.stderr.write(
        `token ${id}, good for one device until ${expiresAt.toISOString()}, shown this once:\n`,
      );
      process.stdout.write(`${root === undefined ? text : `${text}.${root}`}\n`);
    }
    if (root === undefined)
      process.stderr.write(
        "without --root or --store it names no root: the device has to bring 1.root.json itself\n",
      );
    return 0;
  });
}
