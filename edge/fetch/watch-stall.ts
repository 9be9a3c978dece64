import type { Clock } from "#infra/runtime/clock.ts";

export type StallBounds = {
  /** So long must a server have been waited for, all in all. */
  readonly ms: number;
  /** And have sent less than this a second meanwhile. */
  readonly bytesPerSecond: number;
};

export const usualStall: StallBounds = { ms: 30_000, bytesPerSecond: 1_024 };

export type StallWatch = Disposable & {
  /** Aborts when it has been waited long enough. */
  readonly signal: AbortSignal;
  readonly came: (bytes: number) => void;
  /** From here on the server is waited for again; before that whoever reads was busy. */
  readonly waits: () => void;
};

/** A server may hold a connection open and drip for ever; only time spent waiting for it counts. */
export function watchStall(clock: Clock, bounds: StallBounds): StallWatch {
  const stalled = new AbortController();
  const done = new AbortController();
  const pulse: Pulse = { bytes: 0, waitedMs: 0, since: clock.elapsed() };
  watch({ clock, bounds, pulse, stalled, done: done.signal }).catch(() => {});
  return {
    signal: stalled.signal,
    came: (bytes) => {
      pulse.bytes += bytes;
      pulse.waitedMs += waitedMs(pulse, clock);
      pulse.since = undefined;
    },
    waits: () => {
      pulse.since = clock.elapsed();
    },
    [Symbol.dispose]: () => done.abort(),
  };
}

type Pulse = { bytes: number; waitedMs: number; since: number | undefined };

type Watch = {
  readonly clock: Clock;
  readonly bounds: StallBounds;
  readonly pulse: Pulse;
  readonly stalled: AbortController;
  readonly done: AbortSignal;
};

const looks = 6;

async function watch({ clock, bounds, pulse, stalled, done }: Watch): Promise<void> {
  const least = (bounds.ms / 1_000) * bounds.bytesPerSecond;
  for (;;) {
    await clock.sleep(bounds.ms / looks, { signal: done });
    if (pulse.waitedMs + waitedMs(pulse, clock) < bounds.ms) continue;
    if (pulse.bytes < least) return stalled.abort();
    pulse.bytes = 0;
    pulse.waitedMs = 0;
    if (pulse.since !== undefined) pulse.since = clock.elapsed();
  }
}

function waitedMs({ since }: Pulse, clock: Clock): number {
  return since === undefined ? 0 : clock.elapsed() - since;
}
