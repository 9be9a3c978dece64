import { TradewindError } from "#infra/runtime/errors.ts";
import type { Log } from "#infra/runtime/log.ts";
import { openDatabase } from "#infra/runtime/postgres/database.ts";
import { migrate } from "#infra/runtime/postgres/migrate.ts";
import type { KeyRecord } from "./api-key.ts";
import { readKeyFile } from "./key-file.ts";
import { readKeys } from "./keys.ts";

export type KeyReader = AsyncDisposable & {
  readonly read: (options: { readonly signal: AbortSignal }) => Promise<readonly KeyRecord[]>;
};

export type KeyReaderOptions = {
  readonly records: "postgres" | "file";
  readonly keysFile: string;
  readonly databaseUrl: string | undefined;
  readonly log: Log;
  readonly signal: AbortSignal;
};

/** Where this gateway's own tables are described. */
export const migrations = new URL("./migrations/", import.meta.url);

/** Opens the place where keys are, or says what is missing: a server never makes up a database of its own. */
export async function openKeyReader(options: KeyReaderOptions): Promise<KeyReader> {
  const { records, keysFile, databaseUrl, log, signal } = options;
  if (records === "file") {
    log.warn(
      { keysFile },
      "records: file, so these are off: keys list and keys revoke (edit the file, it is read again every second)",
    );
    return { read: () => readKeyFile(keysFile), [Symbol.asyncDispose]: async () => {} };
  }
  if (databaseUrl === undefined) {
    const hint = "set it to a PostgreSQL address, or set records: file in the configuration";
    throw new TradewindError("config_invalid", "DATABASE_URL is not set", { hint });
  }
  const database = await openDatabase({ url: databaseUrl });
  await migrate(database, migrations, { signal });
  return {
    read: (call) => readKeys(database, call),
    [Symbol.asyncDispose]: () => database.close(),
  };
}
