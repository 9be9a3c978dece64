import process from "node:process";
import { diffOfVersions } from "#gateway/records/diff-versions.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { atDatabase, readVersion } from "./at-database.ts";

/** `tradewind config diff [FROM [TO]]`: what the newest changed, or how one version differs from a later one. */
export async function diff(args: readonly string[]): Promise<number> {
  if (args.length > 2)
    throw new TradewindError("request_malformed", "expected: tradewind config diff [FROM [TO]]");
  const [from, to] = args.map(readVersion);
  return await atDatabase(async (database, options) => {
    process.stdout.write(await diffOfVersions(database.query, { from, to }, options));
    return 0;
  });
}
