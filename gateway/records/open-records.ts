import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Log } from "#infra/runtime/log.ts";
import { type Database, openDatabase } from "#infra/runtime/postgres/database.ts";
import { migrate } from "#infra/runtime/postgres/migrate.ts";
import { accessInFile } from "./access-in-file.ts";
import { accessInPostgres } from "./access-in-postgres.ts";
import type { AccessSource } from "./access-source.ts";

/** What must not be lost: where it is, and how this gateway reads who may come in. */
export type Records = AsyncDisposable & {
  /** None with `records: file`. */
  readonly database: Database | undefined;
  readonly access: AccessSource;
};

export type RecordsOptions = {
  readonly records: "postgres" | "file";
  readonly keysFile: string;
  readonly databaseUrl: string | undefined;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** To PostgreSQL, of which processes that share a machine leave some to each other. */
  readonly connections?: number;
};

/** Where this gateway's own tables are described. */
export const migrations = new URL("./migrations/", import.meta.url);

/** Opens the place where records are, or says what is missing: a server never makes up a database of its own. */
export async function openRecords(options: RecordsOptions): Promise<Records> {
  const { records, keysFile, databaseUrl: url, log, clock, signal } = options;
  if (records === "file") {
    log.warn(
      { keysFile },
      "records: file, so these are off: the admin API, audit, usage by month, and the keys command except create --file (edit the file, it is read again every second)",
    );
    return { database: undefined, access: accessInFile(keysFile), [Symbol.asyncDispose]: async () => {} };
  }
  if (url === undefined) {
    const hint = "set it to a PostgreSQL address, or set records: file in the configuration";
    throw new TradewindError("config_invalid", "DATABASE_URL is not set", { hint });
  }
  await using opening = new AsyncDisposableStack();
  const database = opening.use(
    await openDatabase({ url, ...(options.connections && { connections: options.connections }) }),
  );
  await migrate(database, migrations, { signal });
  const opened = opening.move();
  return {
    database,
    access: accessInPostgres({ database, url, clock }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
