import process from "node:process";
import { createEnrolment } from "#gateway/records/enrolments.ts";
import { systemChance as chance } from "#infra/runtime/chance.ts";
import { describeFailure } from "#infra/runtime/lifecycle.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { type Options, whoever } from "../config/at-database.ts";
import { type DeviceFlags, readEnrolAsk } from "./device-flags.ts";

type AtRecords = (work: (database: Database, options: Options) => Promise<number>) => Promise<number>;

/** A token for each device that is to come, on a line of its own. */
export function enrolByHand(flags: DeviceFlags, atRecords: AtRecords): () => Promise<number> {
  const { terms, forMs, count } = readEnrolAsk(flags);
  return () =>
    atRecords(async (database, options) => {
      const root = await fingerprint(flags, database, options);
      const asked = { actor: whoever(), terms, forMs, chance };
      for (let left = count; left > 0; left -= 1) {
        const { text, id, expiresAt } = await createEnrolment(database, asked, options);
        const until = expiresAt.toISOString();
        process.stderr.write(`token ${id}, good for one device until ${until}, shown this once:\n`);
        process.stdout.write(`${root === undefined ? text : `${text}.${root}`}\n`);
      }
      return 0;
    });
}

/** As the flags say, else of the repository that the gateways have, if this machine reaches it. */
async function fingerprint(
  flags: DeviceFlags,
  { query }: Database,
  { signal }: Options,
): Promise<string | undefined> {
  const { fingerprintAt, fingerprintOfRoot } = await import("./first-root.ts");
  const named = await fingerprintOfRoot(flags, { signal });
  if (named !== undefined) return named;
  try {
    const { publishedRepository } = await import("../models/published-repository.ts");
    const url = await publishedRepository(query, { signal });
    if (url !== undefined) return await fingerprintAt(url, { signal });
  } catch (error) {
    process.stderr.write(`the gateways' repository cannot be read from here: ${describeFailure(error)}\n`);
  }
  process.stderr.write(
    "without --root or --store it names no root: the device has to be started with --root 1.root.json\n",
  );
  return undefined;
}
