import process from "node:process";
import { refuseUnservable } from "#gateway/fleet/begin-configuration.ts";
import { rollBackConfiguration } from "#gateway/records/configurations.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { atDatabase, readVersion, whoever } from "./at-database.ts";

/** `tradewind config rollback [VERSION]`: the version before the newest, or the one that is named, for all gateways. */
export async function rollback(args: readonly string[]): Promise<number> {
  const [wanted, ...more] = args;
  if (more.length > 0)
    throw new TradewindError("request_malformed", "expected: tradewind config rollback [VERSION]");
  const to = wanted === undefined ? undefined : readVersion(wanted);
  return await atDatabase(async (database, options) => {
    const wanted = { actor: whoever(), to, check: refuseUnservable };
    const { isNew, entry, to: went } = await rollBackConfiguration(database, wanted, options);
    const told = isNew
      ? `version ${went} is served again, as version ${entry.version}`
      : `version ${entry.version} says the same as version ${went} already`;
    process.stdout.write(`${told}\n`);
    return 0;
  });
}
