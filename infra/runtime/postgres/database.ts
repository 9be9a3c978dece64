import pg from "pg";
import { TradewindError } from "../errors.ts";
import { withoutCredentials } from "../secret.ts";

export type QueryOptions<Row> = {
  /** Turns what the driver gives into what the caller may rely on. */
  readonly parse: (row: unknown) => Row;
  readonly signal?: AbortSignal;
};

export type Query = {
  <Row>(text: string, values: readonly unknown[], options: QueryOptions<Row>): Promise<Row[]>;
  (
    text: string,
    values?: readonly unknown[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<unknown[]>;
};

/**
 * The door to PostgreSQL: plain SQL, for there are few tables, and what a reviewer reads is then what runs.
 * A failure to connect is `database_unavailable`; a refused statement is a bug of ours and stays what `pg` threw.
 */
export type Database = AsyncDisposable & {
  readonly query: Query;
  /** All or nothing; the work gets a query of its own connection. */
  readonly transaction: <Result>(work: (query: Query) => Promise<Result>) => Promise<Result>;
  readonly close: () => Promise<void>;
};

export type DatabaseOptions = {
  readonly url: string;
  readonly connections?: number;
  readonly connectTimeoutMs?: number;
  readonly statementTimeoutMs?: number;
};

/** Opens the pool and one connection of it, so that a wrong address is found at start. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { url, connections = 10, connectTimeoutMs = 5_000, statementTimeoutMs = 30_000 } = options;
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    application_name: "tradewind",
  });
  // An idle connection that breaks is replaced at the next query; without a listener it would end the process.
  pool.on("error", () => {});
  const connect = async (): Promise<pg.PoolClient> => {
    try {
      return await pool.connect();
    } catch (cause) {
      throw unavailable(url, cause);
    }
  };
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= pool.end();
    return closing;
  };
  try {
    (await connect()).release();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    query: (async (...call: Parameters<Query>) => {
      const client = await connect();
      return await runAndRelease(client, () => queryOn(client)(...call));
    }) as Query,
    transaction: async (work) => {
      const client = await connect();
      return await runAndRelease(client, () => inTransaction(client, work));
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A connection on which anything failed is not used again: it may be inside a transaction, or half a protocol. */
async function runAndRelease<Result>(client: pg.PoolClient, work: () => Promise<Result>): Promise<Result> {
  let broken = true;
  try {
    const result = await work();
    broken = false;
    return result;
  } finally {
    client.release(broken);
  }
}

async function inTransaction<Result>(
  client: pg.PoolClient,
  work: (query: Query) => Promise<Result>,
): Promise<Result> {
  await client.query("BEGIN");
  const result = await work(queryOn(client));
  await client.query("COMMIT");
  return result;
}

type AnyOptions = { readonly parse?: (row: unknown) => unknown; readonly signal?: AbortSignal };

function queryOn(client: pg.PoolClient): Query {
  return (async (text: string, values: readonly unknown[] = [], { parse, signal }: AnyOptions = {}) => {
    signal?.throwIfAborted();
    const { rows } = await client.query<Record<string, unknown>>(text, [...values]);
    return parse ? rows.map((row) => parse(row)) : rows;
  }) as Query;
}

function unavailable(url: string, cause: unknown): TradewindError {
  const code = (cause as { readonly code?: unknown }).code;
  const reason = code === "28P01" ? "wrong user or password" : typeof code === "string" ? code : "no answer";
  const hint = "check DATABASE_URL and that PostgreSQL runs there";
  return new TradewindError(
    "database_unavailable",
    `cannot reach PostgreSQL at ${withoutCredentials(url)} (${reason})`,
    {
      cause,
      hint,
    },
  );
}
