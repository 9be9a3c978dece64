import process from "node:process";
import { createApiKey, keyName } from "#gateway/records/api-key.ts";
import { readKeys, revokeKey, storeKey } from "#gateway/records/keys.ts";
import { migrations } from "#gateway/records/open-key-reader.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type Database, openDatabase } from "#infra/runtime/postgres/database.ts";
import { migrate } from "#infra/runtime/postgres/migrate.ts";

/** `tradewind keys create NAME | list | revoke ID`. */
export async function keys(args: string[]): Promise<number> {
  const { values, positionals } = readFlags({
    args,
    allowPositionals: true,
    options: { file: { type: "boolean" } },
  });
  const [verb, subject, ...more] = positionals;
  if (more.length > 0) throw wrongUse();
  const signal = AbortSignal.timeout(30_000);
  const name = verb === "create" ? keyName.safeParse(subject) : undefined;
  if (name?.error && subject !== undefined) {
    throw new TradewindError("parameter_invalid", name.error.issues[0]?.message ?? "the name is not allowed");
  }
  if (verb === "create" && subject && values.file) return printFileEntry(subject);
  if (verb === "create" && subject)
    return withDatabase((database) => create(database, subject, signal), signal);
  if (verb === "list") return withDatabase((database) => list(database, signal), signal);
  if (verb === "revoke" && subject)
    return withDatabase((database) => revoke(database, subject, signal), signal);
  throw wrongUse();
}

function wrongUse(): TradewindError {
  return new TradewindError(
    "request_malformed",
    "expected: tradewind keys create NAME [--file] | list | revoke ID",
  );
}

function printFileEntry(name: string): number {
  const { text, record } = createApiKey(name, systemChance);
  process.stderr.write(`the key, shown this once: ${text}\n`);
  process.stdout.write(
    `keys:\n  - { id: "${record.id}", name: ${JSON.stringify(name)}, hash: ${record.hash} }\n`,
  );
  return 0;
}

async function create(database: Database, name: string, signal: AbortSignal): Promise<number> {
  const { text, record } = createApiKey(name, systemChance);
  await storeKey(database, record, { signal });
  process.stderr.write(`key ${record.id} for ${name}, shown this once:\n`);
  process.stdout.write(`${text}\n`);
  return 0;
}

async function list(database: Database, signal: AbortSignal): Promise<number> {
  for (const { id, name } of await readKeys(database, { signal })) process.stdout.write(`${id}  ${name}\n`);
  return 0;
}

async function revoke(database: Database, id: string, signal: AbortSignal): Promise<number> {
  if (await revokeKey(database, id, { signal })) return 0;
  throw new TradewindError("request_malformed", `there is no key ${id} to revoke`);
}

async function withDatabase(
  work: (database: Database) => Promise<number>,
  signal: AbortSignal,
): Promise<number> {
  const url = process.env.DATABASE_URL;
  if (url === undefined) {
    const hint =
      "set it to the gateway's PostgreSQL; for records: file use tradewind keys create NAME --file";
    throw new TradewindError("config_invalid", "DATABASE_URL is not set", { hint });
  }
  await using database = await openDatabase({ url });
  await migrate(database, migrations, { signal });
  return await work(database);
}
