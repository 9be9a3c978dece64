import type { Clock } from "#infra/runtime/clock.ts";

/** A device's clock may be this far from the gateway's before it is called wrong. */
const toleranceMs = 5 * 60_000;

export type ReferenceTime = {
  /** What of the time is sure: proven by something signed, or told by the gateway; it moves on with the machine. */
  readonly provenMs: () => number;
  /** By which lists expire: the clock, unless what is proven is later, or the gateway says that the clock runs ahead. */
  readonly nowMs: () => number;
  readonly clockTrusted: () => boolean;
  /** The gateway's time, by a way on which nobody can have changed it; a later word replaces it. */
  readonly hear: (ms: number) => void;
  /** Asks the gateway where nothing is known of the time, or the clock is surely behind. */
  readonly settle: (signal: AbortSignal) => Promise<void>;
  /** Asks whether it is the clock that runs ahead, when lists seem to have expired. */
  readonly clockIsAhead: (signal: AbortSignal) => Promise<boolean>;
};

export type ReferenceTimeDeps = {
  readonly clock: Clock;
  /** Of the device's state: the latest moment that something proved to have been. */
  readonly trustedTimeMs: () => number;
  readonly askTime: ((options: { readonly signal: AbortSignal }) => Promise<number | undefined>) | undefined;
};

/** Keeps apart what the machine believes of the time and what somebody else vouches for. */
export function createReferenceTime({ clock, trustedTimeMs, askTime }: ReferenceTimeDeps): ReferenceTime {
  const begun = { ms: trustedTimeMs(), elapsed: clock.elapsed() };
  let heard: { readonly ms: number; readonly elapsed: number } | undefined;
  const heardMs = (): number | undefined => heard && movedOn(heard, clock);
  const provenMs = (): number => Math.max(trustedTimeMs(), movedOn(begun, clock), heardMs() ?? 0);
  const isAhead = (): boolean => clock.now() > (heardMs() ?? Infinity) + toleranceMs;
  const isBehind = (): boolean => clock.now() < provenMs() - toleranceMs;
  const hear = (ms: number): void => {
    if (Number.isSafeInteger(ms) && ms > 0) heard = { ms, elapsed: clock.elapsed() };
  };
  const ask = async (signal: AbortSignal): Promise<void> => {
    const ms = await askTime?.({ signal }).catch(() => undefined);
    if (ms !== undefined) hear(ms);
  };
  return {
    provenMs,
    hear,
    nowMs: () => (isAhead() ? provenMs() : Math.max(clock.now(), provenMs())),
    clockTrusted: () => !isAhead() && !isBehind(),
    settle: async (signal) => {
      if (!heard && (trustedTimeMs() === 0 || isBehind())) await ask(signal);
    },
    clockIsAhead: async (signal) => {
      if (isAhead()) return false;
      await ask(signal);
      return isAhead();
    },
  };
}

function movedOn(since: { readonly ms: number; readonly elapsed: number }, clock: Clock): number {
  return since.ms === 0 ? 0 : since.ms + (clock.elapsed() - since.elapsed);
}
