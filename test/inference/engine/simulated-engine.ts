import type { Batching } from "#inference/engine/batching.ts";
import { noBatching } from "#inference/engine/batching.ts";
import type { RunAnswer } from "#inference/engine/engine.ts";
import { createRunQueue, type QueuedRunOptions, type RunQueue } from "#inference/engine/run-queue.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

/** Workers that compute nothing and take `costMs` of simulated time for it, fed by the real queue. */
export type SimulatedEngine = {
  readonly queue: RunQueue;
  readonly now: () => number;
  readonly at: (time: number, act: () => void) => void;
  readonly run: (options?: Partial<QueuedRunOptions>) => Promise<RunAnswer>;
  /** Lets simulated time pass. */
  readonly passUntil: (end: number) => Promise<void>;
};

type Event = { readonly time: number; readonly act: () => void };

const stepMs = 1;

export function simulateEngine({
  batching = {},
  workers = 1,
  costMs,
}: {
  readonly batching?: Partial<Batching>;
  readonly workers?: number;
  readonly costMs: (items: number) => number;
}): SimulatedEngine {
  const clock = createFakeClock();
  const { signal } = new AbortController();
  const events: Event[] = [];
  const queue = createRunQueue({ clock, batching: { ...noBatching, ...batching }, workers: () => workers });
  let idle = workers;

  const at: SimulatedEngine["at"] = (time, act) => {
    const later = events.findIndex((event) => event.time > time);
    events.splice(later < 0 ? events.length : later, 0, { time, act });
  };
  const dispatch = (): void => {
    while (idle > 0) {
      const jobs = queue.take();
      if (jobs.length === 0) break;
      const items = jobs.reduce((sum, job) => sum + job.items, 0);
      const inferenceMs = costMs(items);
      const ended = queue.started(items);
      idle -= 1;
      at(clock.elapsed() + inferenceMs, () => {
        ended("done");
        idle += 1;
        for (const { queueMs, resolve } of jobs) {
          resolve({ outputs: {}, queueMs, inferenceMs, batch: items, spent: {} });
        }
        dispatch();
      });
    }
    const due = idle > 0 ? queue.nextDue() : undefined;
    if (due !== undefined) at(due, dispatch);
  };
  const passUntil: SimulatedEngine["passUntil"] = async (end) => {
    while (clock.elapsed() < end) {
      const next = Math.min(end, events[0]?.time ?? end, clock.elapsed() + stepMs);
      clock.advance(Math.max(0, next - clock.elapsed()));
      while (events[0] && events[0].time <= clock.elapsed()) events.shift()?.act();
      await settled();
    }
  };
  return {
    queue,
    now: clock.elapsed,
    at,
    passUntil,
    run: (options) => {
      const answer = queue.add({}, { signal, items: 1, batchKey: "same", ...options });
      dispatch();
      return answer;
    },
  };
}

/** Promises that are kept have told so. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
}
