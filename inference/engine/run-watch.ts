import type { Clock } from "#infra/runtime/clock.ts";
import { createAlarm } from "./alarm.ts";
import type { Job } from "./run-queue.ts";
import type { Session } from "./session.ts";

/** Looks after runs that never end, at the price of a map entry for each that does. */
export type RunWatch = {
  readonly begin: (session: Session, jobs: readonly Job[]) => void;
  readonly end: (session: Session) => void;
  readonly stop: () => void;
};

export type RunWatchOptions = {
  readonly clock: Clock;
  readonly runTimeoutMs: number;
  /** Told once of each run that took longer, with a sentence that says so. */
  readonly onHang: (session: Session, jobs: readonly Job[], why: string) => void;
};

export function createRunWatch({ clock, runTimeoutMs, onHang }: RunWatchOptions): RunWatch {
  // All may take equally long, so they are overdue in the order in which they began.
  const running = new Map<Session, { readonly jobs: readonly Job[]; readonly due: number }>();
  const alarm = createAlarm({ clock, ring: () => look() });
  const look = (): void => {
    for (const [session, { jobs, due }] of running) {
      if (due > clock.elapsed()) {
        alarm.set(due);
        return;
      }
      running.delete(session);
      onHang(session, jobs, `a run took longer than ${runTimeoutMs / 1_000} s`);
    }
  };
  return {
    begin: (session, jobs) => {
      const due = clock.elapsed() + runTimeoutMs;
      running.set(session, { jobs, due });
      alarm.set(due);
    },
    end: (session) => void running.delete(session),
    stop: () => alarm.set(undefined),
  };
}
