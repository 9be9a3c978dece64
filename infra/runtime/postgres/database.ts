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
  readonly transaction: <Result>(
    work: (query: Query) => Promise<Result>,
    options?: { readonly signal?: AbortSignal },
  ) => Promise<Result>;
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
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
    const hint = "expected postgres://user:password@host:port/database";
    throw new TradewindError("config_invalid", "DATABASE_URL is no PostgreSQL address", { hint });
  }
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    // The server's own limit does not help where the server hangs or the network is cut.
    query_timeout: statementTimeoutMs + 5_000,
    keepAlive: true,
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
      return await runAndRelease(client, call[2]?.signal, () => queryOn(client)(...call));
    }) as Query,
    transaction: async (work, { signal } = {}) => {
      const client = await connect();
      return await runAndRelease(client, signal, () => inTransaction(client, work));
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/**
 * A connection on which anything failed or was given up is not used again: it may be inside a transaction, or half a
 * protocol. Closing it is also what ends a query that nobody waits for any more.
 */
async function runAndRelease<Result>(
  client: pg.PoolClient,
  signal: AbortSignal | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  let release = (broken: boolean): void => {
    release = () => {};
    client.release(broken);
  };
  const onAbort = (): void => release(true);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    signal?.throwIfAborted();
    const result = await work();
    release(false);
    return result;
  } catch (error) {
    release(true);
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", onAbort);
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
