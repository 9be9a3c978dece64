import { abandoned } from "#inference/abandoned.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { TradewindError } from "#infra/runtime/errors.ts";
import type { Tensors } from "./messages.ts";

export type JobAnswer = {
  readonly outputs: Tensors;
  readonly queueMs: number;
  readonly inferenceMs: number;
};

/** One run that was taken out of the queue. Whoever took it settles it, also when its caller left meanwhile. */
export type Job = {
  readonly inputs: Tensors;
  readonly queueMs: number;
  readonly resolve: (answer: JobAnswer) => void;
  readonly reject: (error: TradewindError) => void;
};

/**
 * Runs in the order in which they came. One is WAITING in the queue (where its signal takes it out), then RUNNING (where
 * its signal only lets the caller go: the thread finishes), then settled.
 */
export type JobQueue = {
  readonly length: number;
  readonly add: (inputs: Tensors, options: { readonly signal: AbortSignal }) => Promise<JobAnswer>;
  readonly take: () => Job | undefined;
  readonly rejectAll: (error: TradewindError) => void;
};

type Waiting = Omit<Job, "queueMs"> & { readonly since: number };

export function createJobQueue({ clock }: { readonly clock: Clock }): JobQueue {
  const queue: Waiting[] = [];

  const add: JobQueue["add"] = async (inputs, { signal }) => {
    const { promise, resolve, reject } = Promise.withResolvers<JobAnswer>();
    const job: Waiting = { inputs, since: clock.elapsed(), resolve, reject };
    const leave = (): void => {
      const place = queue.indexOf(job);
      if (place >= 0) queue.splice(place, 1);
      reject(abandoned(signal));
    };
    signal.addEventListener("abort", leave, { once: true });
    queue.push(job);
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", leave);
    }
  };
  const take = (): Job | undefined => {
    const job = queue.shift();
    return job && { ...job, queueMs: clock.elapsed() - job.since };
  };
  return {
    get length() {
      return queue.length;
    },
    add,
    take,
    rejectAll: (error) => {
      for (const job of queue.splice(0)) job.reject(error);
    },
  };
}
