import pg from "pg";
import { TradewindError } from "../errors.ts";
import { lendConnection, unlessAborted } from "./lend-connection.ts";

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

export type TransactionOptions = {
  readonly signal?: AbortSignal;
  /** Lets its statements take as long as they need, as at a lock that others may hold for long. */
  readonly patient?: boolean;
};

/**
 * The door to PostgreSQL: plain SQL, for there are few tables, and what a reviewer reads is then what runs.
 * No connection, or one lost on the way, is `database_unavailable`; a refused statement is a bug of ours and stays what
 * `pg` threw. A signal gives up whatever is waited for, with its reason.
 */
export type Database = AsyncDisposable & {
  readonly query: Query;
  /** All or nothing; the work gets a query of its own connection. */
  readonly transaction: <Result>(
    work: (query: Query) => Promise<Result>,
    options?: TransactionOptions,
  ) => Promise<Result>;
  readonly close: () => Promise<void>;
};

export type DatabaseOptions = {
  readonly url: string;
  readonly connections?: number;
  readonly connectTimeoutMs?: number;
  /** When the server gives a statement up. */
  readonly statementTimeoutMs?: number;
  /** When we give the server up, as where it hangs or the network is cut: a little later. */
  readonly answerTimeoutMs?: number;
};

/** The longest that a timer of Node's can be. */
const noTimeout = 2 ** 31 - 1;

/** Opens the pool and one connection of it, so that a wrong address is found at start. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { url } = options;
  const pool = openPool(options);
  const lend = <Result>(
    signal: AbortSignal | undefined,
    work: (client: pg.PoolClient) => Promise<Result>,
  ): Promise<Result> => lendConnection({ pool, url, signal }, work);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= pool.end();
    return closing;
  };
  try {
    await lend(undefined, async () => {});
  } catch (error) {
    await close();
    throw error;
  }
  return {
    query: createQuery((config, signal) => lend(signal, (client) => client.query(config))),
    transaction: (work, { signal, patient = false } = {}) =>
      lend(signal, (client) => inTransaction(client, patient, work)),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function openPool(options: DatabaseOptions): pg.Pool {
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
    query_timeout: options.answerTimeoutMs ?? statementTimeoutMs + 5_000,
    keepAlive: true,
    application_name: "tradewind",
  });
  // An idle connection that breaks is replaced at the next query; without a listener it would end the process.
  pool.on("error", () => {});
  return pool;
}

async function inTransaction<Result>(
  client: pg.PoolClient,
  patient: boolean,
  work: (query: Query) => Promise<Result>,
): Promise<Result> {
  const patience = patient ? { query_timeout: noTimeout } : {};
  await client.query("BEGIN");
  if (patient) await client.query("SET LOCAL statement_timeout = 0");
  const query = createQuery((config, signal) =>
    unlessAborted(signal, () => client.query({ ...config, ...patience })),
  );
  const result = await work(query);
  await client.query("COMMIT");
  return result;
}

type Send = (
  config: { readonly text: string; readonly values: unknown[] },
  signal: AbortSignal | undefined,
) => Promise<{ readonly rows?: readonly unknown[] }>;

function createQuery(send: Send): Query {
  function query<Row>(text: string, values: readonly unknown[], options: QueryOptions<Row>): Promise<Row[]>;
  function query(
    text: string,
    values?: readonly unknown[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<unknown[]>;
  async function query(
    text: string,
    values: readonly unknown[] = [],
    options: Partial<QueryOptions<unknown>> = {},
  ): Promise<unknown[]> {
    const { parse, signal } = options;
    // Several statements in one text, as in a migration, have no rows of their own.
    const { rows = [] } = await send({ text, values: [...values] }, signal);
    return parse ? rows.map((row) => parse(row)) : [...rows];
  }
  return query;
}
