import type { Database, Query } from "#infra/runtime/postgres/database.ts";

/** The same records, on which everything is checked and done as always, and then undone. */
export function rehearsedRecords(database: Database): Database {
  return {
    ...database,
    transaction: async <Result>(
      work: (query: Query) => Promise<Result>,
      options?: Parameters<Database["transaction"]>[1],
    ): Promise<Result> => {
      const undo = new Error("this was a rehearsal");
      const done: Result[] = [];
      await database
        .transaction(async (query) => {
          done.push(await work(query));
          throw undo;
        }, options)
        .catch((error: unknown) => {
          if (error !== undo) throw error;
        });
      const [result] = done;
      return result as Result;
    },
  };
}
