import type { Chance } from "#infra/runtime/chance.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { Log } from "#infra/runtime/log.ts";
import { backoffMs } from "../fetch/backoff.ts";
import type { SyncOutcome } from "./sync-once.ts";

export type KeepSyncedOptions = {
  readonly sync: () => Promise<SyncOutcome>;
  /** Until the gateway says how often. */
  readonly everyMs: number;
  /** The share of a wait that is left to chance. */
  readonly jitter: number;
  /** Before the first one, of a device that has something to answer with. */
  readonly firstWaitMs: number;
  readonly wake: Wake;
  readonly clock: Clock;
  readonly chance: Pick<Chance, "number">;
  readonly log: Log;
  readonly signal: AbortSignal;
};

/** Calls off a wait. */
export type Wake = {
  readonly now: () => void;
  readonly next: () => Promise<void>;
};

export function createWake(): Wake {
  let { promise, resolve } = Promise.withResolvers<void>();
  return {
    now: () => {
      resolve();
      ({ promise, resolve } = Promise.withResolvers<void>());
    },
    next: () => promise,
  };
}

/** One sync after the other until told to stop; after failures in a row with longer and longer waits between. */
export async function keepSynced(options: KeepSyncedOptions): Promise<void> {
  const { sync, firstWaitMs, wake, log, signal } = options;
  let failures = 0;
  let waitMs = firstWaitMs;
  for (;;) {
    await rest(waitMs, options);
    if (signal.aborted) return;
    // Whoever wakes it from here on means the next one.
    let isWoken = false;
    void wake.next().then(() => {
      isWoken = true;
    });
    const outcome = await sync().catch((error: unknown) => {
      if (!signal.aborted) log.error({ err: error }, "a sync ended in a way that nobody foresaw");
      return { pollMs: undefined, failed: unforeseen };
    });
    if (signal.aborted) return;
    failures = outcome.failed ? failures + 1 : 0;
    waitMs = isWoken ? 0 : waitAfter(outcome, failures, options);
  }
}

const unforeseen = { retryAfterMs: undefined };

async function rest(ms: number, { clock, wake, signal }: KeepSyncedOptions): Promise<void> {
  if (ms <= 0) return;
  const over = new AbortController();
  const slept = clock.sleep(ms, { signal: AbortSignal.any([signal, over.signal]) }).catch(() => undefined);
  await Promise.race([slept, wake.next()]);
  over.abort();
}

/** At least so long, or a gateway that fails at once would be asked without a pause. */
const leastMs = 500;

function waitAfter(
  {
    pollMs,
    failed,
  }: { readonly pollMs: number | undefined; readonly failed: SyncOutcome["failed"] | typeof unforeseen },
  failures: number,
  { everyMs, jitter, chance }: KeepSyncedOptions,
): number {
  const usual = (pollMs ?? everyMs) * (1 - jitter / 2 + jitter * chance.number());
  if (!failed) return usual;
  const soon = Math.max(leastMs, backoffMs(failures, chance), failed.retryAfterMs ?? 0);
  return failures === 1 ? Math.min(soon, Math.max(usual, leastMs)) : soon;
}
