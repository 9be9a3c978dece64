import pg from "pg";
import { TradewindError } from "../errors.ts";
import { withoutCredentials } from "../secret.ts";

export type LendOptions = {
  readonly pool: pg.Pool;
  readonly url: string;
  readonly signal: AbortSignal | undefined;
};

/**
 * Lends a connection of the pool to some work, which is given up when the signal says so. A connection on which
 * anything failed or was given up is not used again: it may be inside a transaction, or half a protocol.
 */
export async function lendConnection<Result>(
  options: LendOptions,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const { url, signal } = options;
  const client = await connect(options);
  let isLost = false;
  // The pool listens to idle connections alone: without this one, a connection lost at work would end the process.
  const onLost = (): void => {
    isLost = true;
  };
  client.on("error", onLost);
  try {
    const result = await unlessAborted(signal, () => work(client));
    client.off("error", onLost);
    client.release();
    return result;
  } catch (cause) {
    client.release(true);
    signal?.throwIfAborted();
    throw isLost || tellsOfLoss(cause) ? unavailable(url, cause, "the connection was lost") : cause;
  }
}

/** What the work gives, or the signal's reason if that comes first. */
export async function unlessAborted<Result>(
  signal: AbortSignal | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  if (!signal) return await work();
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function connect({ pool, url, signal }: LendOptions): Promise<pg.PoolClient> {
  let connecting: Promise<pg.PoolClient> | undefined;
  try {
    return await unlessAborted(signal, () => {
      connecting = pool.connect();
      return connecting;
    });
  } catch (cause) {
    // The pool goes on connecting for whoever gave up: what it gets then is for the next one.
    connecting?.then(
      (client) => client.release(),
      () => {},
    );
    signal?.throwIfAborted();
    throw unavailable(url, cause, reasonOf(cause));
  }
}

/** The server says that it ends this connection (57P0x, class 08), or says nothing any more. */
function tellsOfLoss(cause: unknown): boolean {
  if (cause instanceof pg.DatabaseError) return /^(57P0|08)/.test(cause.code ?? "");
  return cause instanceof Error && cause.message === "Query read timeout";
}

function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "28P01") return "wrong user or password";
  return typeof code === "string" ? code : "no answer";
}

function unavailable(url: string, cause: unknown, reason: string): TradewindError {
  const hint = "check DATABASE_URL and that PostgreSQL runs there";
  const message = `cannot reach PostgreSQL at ${withoutCredentials(url)} (${reason})`;
  return new TradewindError("database_unavailable", message, { cause, hint });
}
