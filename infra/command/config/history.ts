import process from "node:process";
import { type ConfigurationEntry, listConfigurations } from "#gateway/records/configurations.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { atDatabase } from "./at-database.ts";

const page = 100;

/** `tradewind config history`: every version, the newest first. */
export async function history(args: readonly string[]): Promise<number> {
  if (args.length > 0) throw new TradewindError("request_malformed", "expected: tradewind config history");
  return await atDatabase(async (database, options) => {
    let before: number | undefined;
    for (;;) {
      const found = await listConfigurations(database.query, { before, most: page }, options);
      for (const entry of found) process.stdout.write(`${line(entry)}\n`);
      before = found.at(-1)?.version;
      if (found.length < page) return 0;
    }
  });
}

/** The note last, since it may hold spaces. */
function line({ version, createdAt, sha256, source, actor, note }: ConfigurationEntry): string {
  const fields = [version, createdAt.toISOString(), sha256.slice(0, 12), source, actor, note];
  return fields.filter((field) => field !== "").join("  ");
}
