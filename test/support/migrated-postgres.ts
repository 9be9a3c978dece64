import { migrations } from "#gateway/records/open-records.ts";
import { type Database, openDatabase } from "#infra/runtime/postgres/database.ts";
import { migrate } from "#infra/runtime/postgres/migrate.ts";
import { startPostgres, type ThrowAwayPostgres } from "./postgres.ts";

export type MigratedPostgres = AsyncDisposable & {
  readonly postgres: ThrowAwayPostgres;
  readonly database: Database;
};

/** A real server with the gateway's tables, and one way in. */
export async function startMigratedPostgres(): Promise<MigratedPostgres> {
  await using opening = new AsyncDisposableStack();
  const postgres = opening.use(await startPostgres());
  const database = opening.use(await openDatabase({ url: postgres.url }));
  await migrate(database, migrations);
  const opened = opening.move();
  return { postgres, database, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
