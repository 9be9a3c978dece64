import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { oneAtATime } from "#infra/runtime/one-at-a-time.ts";
import type { Caller, TenantOnRecord } from "../caller.ts";
import type { AccessSource } from "../records/access-source.ts";
import { createAccessSnapshot } from "./access-snapshot.ts";

/** Who may come in at this moment, in memory, so that a request never waits for a database. */
export type Access = AsyncDisposable & {
  /** The one caller that a key stands for until something of it changes. */
  readonly find: (keyText: string) => Caller | "expired" | undefined;
  readonly tenant: (id: string) => TenantOnRecord;
  /** Whether any tenant beside the operators' own is on record, or was. */
  readonly describesTenants: () => boolean;
  /** Every origin that some key lists: a preflight comes without a key. */
  readonly origins: () => ReadonlySet<string>;
  /** Reads what changed now rather than at the next turn. */
  readonly refresh: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export type AccessOptions = {
  readonly source: AccessSource;
  readonly clock: Clock;
  /** How long a revoked key may go on working where nobody tells of it; less than a second with a read of some time. */
  readonly refreshMs?: number;
  /** A database that hangs is told like one that is away. */
  readonly readTimeoutMs?: number;
};

/** Fails when the first read fails; a later one that fails keeps the last snapshot, since it is better than none. */
export async function openAccess({
  source,
  clock,
  refreshMs = 750,
  readTimeoutMs = 10_000,
}: AccessOptions): Promise<Access> {
  const stop = new AbortController();
  const snapshot = createAccessSnapshot();
  const refresh = oneAtATime(async () => {
    stop.signal.throwIfAborted();
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(readTimeoutMs)]);
    snapshot.apply(await source.read({ signal }));
  });
  await refresh();
  const refreshOrTell = async (): Promise<void> => {
    await refresh().catch((error: unknown) => {
      if (!stop.signal.aborted) sideConcernSkipped.publish({ what: "refreshing the keys", error });
    });
  };
  const watching = source.watch?.(() => void refreshOrTell());
  const turning = keepFresh(refreshOrTell, { clock, refreshMs, signal: stop.signal });
  const close = async (): Promise<void> => {
    stop.abort();
    await watching?.[Symbol.asyncDispose]();
    await turning;
  };
  return {
    find: (keyText) => snapshot.find(keyText, clock.now()),
    tenant: snapshot.tenant,
    describesTenants: snapshot.describesTenants,
    origins: snapshot.origins,
    refresh,
    close,
    [Symbol.asyncDispose]: close,
  };
}

type Turn = { readonly clock: Clock; readonly refreshMs: number; readonly signal: AbortSignal };

async function keepFresh(refresh: () => Promise<void>, { clock, refreshMs, signal }: Turn): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(refreshMs, { signal }).catch(() => undefined);
    if (!signal.aborted) await refresh();
  }
}
