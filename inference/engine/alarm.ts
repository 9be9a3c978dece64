import type { Clock } from "#infra/runtime/clock.ts";

/** One moment to be woken at. It holds a timer only while one is set. */
export type Alarm = {
  /**
   * Rings at that time of `clock.elapsed()`. One set for earlier stays and may ring too soon, so who hears it looks what
   * is due and sets it again; undefined takes it back.
   */
  readonly set: (at: number | undefined) => void;
};

/** Timers of 2^31 ms and more fire at once, so a longer wait is slept in pieces. */
const longestSleepMs = 2 ** 30;

export function createAlarm({ clock, ring }: { readonly clock: Clock; readonly ring: () => void }): Alarm {
  let armed: { readonly at: number; readonly stop: AbortController } | undefined;

  const disarm = (): void => {
    armed?.stop.abort();
    armed = undefined;
  };
  const arm = async (at: number): Promise<void> => {
    const mine = { at, stop: new AbortController() };
    armed = mine;
    const ms = Math.min(Math.max(0, at - clock.elapsed()), longestSleepMs);
    await clock.sleep(ms, { signal: mine.stop.signal }).catch(() => {});
    if (armed !== mine) return;
    armed = undefined;
    ring();
  };
  return {
    set: (at) => {
      if (at === undefined) return disarm();
      if (armed && armed.at <= at) return;
      disarm();
      void arm(at);
    },
  };
}
