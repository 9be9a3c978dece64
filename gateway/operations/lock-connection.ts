import pg from "pg";
import { z } from "zod";
import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { withoutCredentials } from "#infra/runtime/secret.ts";
import { raiseTerm } from "../records/leader.ts";

/** A connection of its own, since a lock that is held for long is the connection's. */
export type LockConnection = AsyncDisposable & {
  readonly tryLock: () => Promise<boolean>;
  /** Begins a term of whoever has the lock. */
  readonly raise: (name: string) => Promise<number>;
  /** An answer says that the lock is still held; throws where there is none soon. */
  readonly beat: () => Promise<void>;
  /** Aborted when the connection is gone. */
  readonly lost: AbortSignal;
};

export type LockOptions = {
  readonly url: string;
  readonly clock: Clock;
  /** The server ends a connection of which it hears nothing for so long. */
  readonly silentMs: number;
};

/** Any number will do as long as it is used for nothing else. */
const lockNumber = 2_018_104_525;

/** As long as the transaction of a former leader may still hold a new one up, and a little more. */
const raiseMs = 15_000;

export async function openLockConnection({ url, clock, silentMs }: LockOptions): Promise<LockConnection> {
  // Whoever leads knows that it is over before the server gives the lock to somebody else.
  const { client, lost } = openClient(url, Math.ceil(silentMs / 2));
  const close = async (): Promise<void> => {
    // A server that hangs would also leave the farewell unanswered.
    await Promise.race([client.end().catch(() => undefined), clock.sleep(1_000)]);
  };
  const ask = inTurn(async (text, values = [], timeoutMs) => {
    const config = { text, values: [...values], ...(timeoutMs && { query_timeout: timeoutMs }) };
    return (await client.query(config)).rows;
  });
  try {
    await client.connect();
    await ask(`SET idle_session_timeout = ${silentMs}`);
  } catch (cause) {
    await close();
    throw unreachable(url, cause);
  }
  return {
    tryLock: async () => {
      const [row] = await ask("SELECT pg_try_advisory_lock($1) AS got", [lockNumber]);
      return gotIt.parse(row).got;
    },
    raise: (name) => raiseTerm((text, values) => ask(text, values, raiseMs), name),
    beat: async () => void (await ask("SELECT 1")),
    lost,
    [Symbol.asyncDispose]: close,
  };
}

type Ask = (text: string, values?: readonly unknown[], timeoutMs?: number) => Promise<readonly unknown[]>;

/** A connection takes one question after the other. */
function inTurn(ask: Ask): Ask {
  let last: Promise<unknown> = Promise.resolve();
  return (...asked) => {
    const next = last.then(() => ask(...asked));
    last = next.catch(() => undefined);
    return next;
  };
}

function openClient(url: string, answerMs: number) {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    query_timeout: answerMs,
    keepAlive: true,
    application_name: "tradewind leading",
  });
  const gone = new AbortController();
  client.on("error", (error) => gone.abort(error));
  client.on("end", () => gone.abort(new Error("the connection ended")));
  return { client, lost: gone.signal };
}

const gotIt = z.object({ got: z.boolean() });

function unreachable(url: string, cause: unknown): TradewindError {
  const message = `cannot stand for leader at PostgreSQL ${withoutCredentials(url)}`;
  const hint = "check DATABASE_URL and that PostgreSQL 14 or later answers there, with no pooler between";
  return new TradewindError("database_unavailable", message, { cause, hint });
}
