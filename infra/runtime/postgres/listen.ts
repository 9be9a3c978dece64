import pg from "pg";
import { sideConcernSkipped } from "../channels.ts";
import type { Clock } from "../clock.ts";

export type ListenOptions = {
  readonly url: string;
  /** A plain lower-case name. */
  readonly channel: string;
  /** Called on each notification, and whenever listening begins, since something may have been told before. */
  readonly onNotify: () => void;
  readonly clock: Clock;
  readonly retryMs?: number;
  /** How often a quiet connection is asked whether it still is one. */
  readonly proveMs?: number;
  readonly connectTimeoutMs?: number;
};

export type Listening = AsyncDisposable & { readonly close: () => Promise<void> };

/**
 * Listens for a channel's notifications until it is closed, on a connection of its own that is made again whenever it
 * is lost. Nothing is promised about a time without one, so whoever listens also looks for himself now and then.
 *
 *   CONNECTING ──▶ LISTENING ── lost ──▶ WAITING ──▶ CONNECTING …      close from any of them ──▶ CLOSED
 */
export function listenTo(options: ListenOptions): Listening {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(options.channel)) throw new TypeError("expected a plain channel name");
  const stop = new AbortController();
  const listening = keepListening(options, stop.signal);
  const close = async (): Promise<void> => {
    stop.abort();
    await listening;
  };
  return { close, [Symbol.asyncDispose]: close };
}

async function keepListening(options: ListenOptions, signal: AbortSignal): Promise<void> {
  const { clock, channel, retryMs = 1_000 } = options;
  while (!signal.aborted) {
    try {
      await listenOnce(options, signal);
    } catch (error) {
      if (signal.aborted) return;
      sideConcernSkipped.publish({ what: "listening to PostgreSQL", detail: channel, error });
    }
    await clock.sleep(retryMs, { signal }).catch(() => undefined);
  }
}

/** Ends by throwing: either the connection was lost, or nobody listens any more. */
async function listenOnce(options: ListenOptions, signal: AbortSignal): Promise<never> {
  const { url, channel, onNotify, clock, proveMs = 15_000, connectTimeoutMs = 5_000 } = options;
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: connectTimeoutMs,
    keepAlive: true,
    application_name: "tradewind listening",
  });
  const { promise: lost, reject: lose } = Promise.withResolvers<never>();
  lost.catch(() => undefined);
  const onAbort = (): void => lose(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  client.on("error", lose);
  client.on("end", () => lose(new Error("the connection ended")));
  client.on("notification", onNotify);
  const waiting = new AbortController();
  try {
    await Promise.race([client.connect(), lost]);
    await Promise.race([client.query(`LISTEN ${channel}`), lost]);
    onNotify();
    for (;;) {
      await Promise.race([clock.sleep(proveMs, { signal: waiting.signal }), lost]);
      await Promise.race([client.query("SELECT 1"), lost]);
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    waiting.abort();
    // A server that hangs would also leave the farewell unanswered.
    await Promise.race([client.end().catch(() => undefined), clock.sleep(1_000)]);
  }
}
