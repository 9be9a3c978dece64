import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { hashKey, type KeyRecord, looksLikeKey } from "../records/api-key.ts";

/** The keys of this moment in memory, so that a request never waits for a database. */
export type KeyRing = AsyncDisposable & {
  readonly find: (text: string) => KeyRecord | undefined;
  /** Reads the keys now rather than at the next turn. */
  readonly refresh: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export type KeyRingOptions = {
  readonly read: (options: { readonly signal: AbortSignal }) => Promise<readonly KeyRecord[]>;
  readonly clock: Clock;
  /** How long a revoked key may go on working. */
  readonly refreshMs?: number;
  /** A database that hangs is told like one that is away. */
  readonly readTimeoutMs?: number;
};

/** Fails when the first read fails; a later one that fails keeps the last keys, since they are better than none. */
export async function openKeyRing({
  read,
  clock,
  refreshMs = 1_000,
  readTimeoutMs = 10_000,
}: KeyRingOptions): Promise<KeyRing> {
  const stop = new AbortController();
  let byHash = new Map<string, KeyRecord>();
  const refresh = async (): Promise<void> => {
    const keys = await read({ signal: AbortSignal.any([stop.signal, AbortSignal.timeout(readTimeoutMs)]) });
    byHash = new Map(keys.map((key) => [key.hash, key]));
  };
  await refresh();
  const turning = keepFresh(refresh, { clock, refreshMs, signal: stop.signal });
  const close = async (): Promise<void> => {
    stop.abort();
    await turning;
  };
  const find = (text: string): KeyRecord | undefined =>
    looksLikeKey(text) ? byHash.get(hashKey(text)) : undefined;
  return { find, refresh, close, [Symbol.asyncDispose]: close };
}

type Turn = { readonly clock: Clock; readonly refreshMs: number; readonly signal: AbortSignal };

async function keepFresh(refresh: () => Promise<void>, { clock, refreshMs, signal }: Turn): Promise<void> {
  while (!signal.aborted) {
    try {
      await clock.sleep(refreshMs, { signal });
      await refresh();
    } catch (error) {
      if (!signal.aborted) sideConcernSkipped.publish({ what: "refreshing the keys", error });
    }
  }
}
