import type { Clock } from "#infra/runtime/clock.ts";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import type { Job, RunQueue } from "./run-queue.ts";
import type { SessionAnswer } from "./session.ts";
import { createTravel } from "./travel.ts";

/** What one message brings to a session. */
export type Load = {
  readonly jobs: readonly Job[];
  /** Of all of them together. */
  readonly items: number;
  /** Computed as one batch, or one after the other. */
  readonly joined: boolean;
};

/** Turns what waits into loads: a batch; or where runs take less time than their way, several that travel together. */
export type Loads = {
  /** What should leave now, while so many are under way; undefined when nothing should. */
  readonly take: (underWay: number) => Load | undefined;
  /** When `take` gives something although nothing else happens. */
  readonly nextDue: (underWay: number) => number | undefined;
  /** Are runs so short that those of one turn of the event loop had better leave together? */
  readonly gathers: boolean;
  /** Gives each run of a load its own answer. */
  readonly settle: (load: Load, answer: SessionAnswer) => void;
};

export type LoadsOptions = { readonly queue: RunQueue; readonly clock: Clock };

export function createLoads({ queue, clock }: LoadsOptions): Loads {
  const travel = createTravel();
  let leftAt = Number.NEGATIVE_INFINITY;
  /** The next message will do; unless the one that is under way takes longer than such runs do. */
  const isHeld = (underWay: number): boolean =>
    travel.waits(queue.length, underWay) && clock.elapsed() < leftAt + travel.patienceMs;
  return {
    get gathers() {
      return travel.pays;
    },
    take: (underWay) => {
      const jobs = isHeld(underWay) ? [] : queue.take();
      if (jobs.length === 0) return undefined;
      leftAt = clock.elapsed();
      if (jobs.length > 1) return { jobs, items: itemsOf(jobs), joined: true };
      const together = takeMore(queue, jobs, travel.most);
      return { jobs: together, items: itemsOf(together), joined: false };
    },
    nextDue: (underWay) => {
      if (queue.length === 0) return undefined;
      return isHeld(underWay) ? leftAt + travel.patienceMs : queue.nextDue();
    },
    settle: (load, { inferenceMs, ...answer }) => {
      const each = load.joined ? inferenceMs : inferenceMs / load.jobs.length;
      travel.learn(each);
      settle(load, { ...answer, inferenceMs: each });
    },
  };
}

/** Nobody gets an answer. */
export function failLoad({ jobs }: Load, error: unknown): void {
  for (const job of jobs) job.reject(asTradewindError(error));
}

function itemsOf(jobs: readonly Job[]): number {
  return jobs.reduce((sum, { items }) => sum + items, 0);
}

function takeMore(queue: RunQueue, first: readonly Job[], most: number): readonly Job[] {
  if (most === 1) return first;
  const jobs = [...first];
  while (jobs.length < most) {
    const more = queue.take();
    if (more.length === 0) break;
    jobs.push(...more);
  }
  return jobs;
}

function settle({ jobs, items, joined }: Load, { answers, spent, inferenceMs }: SessionAnswer): void {
  jobs.forEach((job, index) => {
    const answer = answers[index];
    if (!answer || !("outputs" in answer)) {
      job.reject(new TradewindError("internal", "the model failed on this input", { cause: answer }));
      return;
    }
    const batch = joined ? items : job.items;
    const { queueMs } = job;
    job.resolve({ outputs: answer.outputs, queueMs, inferenceMs, batch, spent: spent[index] ?? {} });
  });
}
