import { userInfo } from "node:os";
import process from "node:process";
import type { Actor } from "#gateway/records/actor.ts";
import { migrations } from "#gateway/records/open-records.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type Database, openDatabase } from "#infra/runtime/postgres/database.ts";
import { migrate } from "#infra/runtime/postgres/migrate.ts";

export type Options = { readonly signal: AbortSignal };

/** Work at the database of DATABASE_URL, whose gateways follow what is published there. */
export async function atDatabase(
  work: (database: Database, options: Options) => Promise<number>,
): Promise<number> {
  const url = process.env.DATABASE_URL;
  if (url === undefined) {
    const hint =
      "set it to the gateways' PostgreSQL; with records: file change the configuration's file, it is read again at once";
    throw new TradewindError("config_invalid", "DATABASE_URL is not set", { hint });
  }
  const options = { signal: AbortSignal.timeout(30_000) };
  await using database = await openDatabase({ url, connections: 1 });
  await migrate(database, migrations, options);
  return await work(database, options);
}

/** Who stands at this machine is an operator. */
export function whoever(): Actor {
  return { id: `cli:${nameOfUser()}` };
}

/** A user whom the system has no name for, as in many containers, has at least a number. */
function nameOfUser(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "unknown");
  }
}

/** A version as people write it, with or without the v that they say. */
export function readVersion(text: string): number {
  const [, digits] = /^v?([1-9]\d{0,14})$/.exec(text) ?? [];
  if (digits !== undefined) return Number(digits);
  throw new TradewindError(
    "parameter_invalid",
    `"${text.slice(0, 40)}" is no version, expected a number such as 7`,
  );
}
