import { abandoned } from "#inference/abandoned.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import { Crew } from "./crew.ts";
import { createJobQueue, type Job, type JobAnswer, type JobQueue } from "./job-queue.ts";
import type { Tensors } from "./messages.ts";
import { openSessionThread, type SessionThread, type ThreadOptions } from "./session-thread.ts";

export type PoolOptions = ThreadOptions & {
  readonly workers: number;
  readonly clock: Clock;
  /** Runs that may wait for a free worker; one more is refused, since a longer queue only makes everybody late. */
  readonly maxQueue?: number;
  /** Called once, when every thread died and replacing them was given up: the process had better end. */
  readonly onBroken?: (error: TradewindError) => void;
};

/** Loads the model in every worker; when one can't, those that could are closed again. */
export async function openPool(options: PoolOptions): Promise<Pool> {
  const opened = await Promise.allSettled(
    Array.from({ length: options.workers }, () => openSessionThread(options)),
  );
  const threads = opened.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failure = opened.find((result) => result.status === "rejected");
  if (!failure) return new Pool(threads, options);
  await Promise.all(threads.map((thread) => thread.close()));
  throw failure.reason;
}

/**
 * Runs of one model, first come first served, over threads that each hold a session. A pool is
 *
 *   OPEN      takes runs; its crew replaces a thread that dies
 *   BROKEN    the crew lost every thread and gave up: runs are refused as `model_not_ready`, for good, and the owner is
 *             told, so that the process can end and be started again
 *   DRAINING  after `close()`: refuses new runs, finishes those it has, those waiting included
 *   CLOSED    all threads ended, each while idle, because ending one inside a run aborts the process
 */
export class Pool implements AsyncDisposable {
  readonly #options: PoolOptions;
  readonly #crew: Crew;
  readonly #queue: JobQueue;
  readonly #running = new Set<Promise<void>>();
  #state: "OPEN" | "BROKEN" | "DRAINING" | "CLOSED" = "OPEN";
  #closing: Promise<void> | undefined;

  constructor(threads: readonly SessionThread[], options: PoolOptions) {
    this.#options = options;
    this.#queue = createJobQueue(options);
    this.#crew = new Crew({ ...options, onIdle: () => this.#dispatch(), onLost: () => this.#giveUp() });
    for (const thread of threads) this.#crew.adopt(thread);
  }

  get ready(): boolean {
    return this.#state === "OPEN" && this.#crew.alive > 0;
  }

  /** Runs that wait for a free worker. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** One run. The tensors' memory moves to a worker, so the caller must not use it again. */
  async run(inputs: Tensors, { signal }: { readonly signal: AbortSignal }): Promise<JobAnswer> {
    if (signal.aborted) throw abandoned(signal);
    this.#refuseUnlessOpen();
    const answer = this.#queue.add(inputs, { signal });
    this.#dispatch();
    return await answer;
  }

  close(): Promise<void> {
    this.#closing ??= this.#drain();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #refuseUnlessOpen(): void {
    const { maxQueue = 64 } = this.#options;
    if (this.#state === "BROKEN") throw gaveUp();
    if (this.#state !== "OPEN") throw new TradewindError("draining", "the model is being shut down");
    if (this.#crew.idle > 0 || this.#queue.length < maxQueue) return;
    throw new TradewindError("backend_full", `${this.#queue.length} runs of this model are waiting already`);
  }

  #dispatch(): void {
    while (this.#crew.idle > 0 && this.#queue.length > 0) {
      const [thread, job] = [this.#crew.take(), this.#queue.take()];
      if (!thread || !job) return;
      const running = this.#serve(thread, job).finally(() => this.#running.delete(running));
      this.#running.add(running);
    }
  }

  async #serve(thread: SessionThread, { inputs, queueMs, resolve, reject }: Job): Promise<void> {
    try {
      resolve({ ...(await thread.run(inputs)), queueMs });
    } catch (error) {
      reject(asTradewindError(error));
    }
    this.#crew.giveBack(thread);
  }

  #giveUp(): void {
    this.#queue.rejectAll(gaveUp());
    if (this.#state !== "OPEN") return;
    this.#state = "BROKEN";
    this.#crew.hurry();
    this.#options.onBroken?.(broken(this.#options.path));
  }

  async #drain(): Promise<void> {
    if (this.#state === "OPEN") this.#state = "DRAINING";
    this.#crew.hurry();
    while (this.#running.size + this.#crew.replacing.size > 0) {
      await Promise.all([...this.#running, ...this.#crew.replacing]);
    }
    this.#state = "CLOSED";
    await this.#crew.close();
  }
}

function gaveUp(): TradewindError {
  return new TradewindError("model_not_ready", "the model's workers died and could not be replaced");
}

function broken(path: string): TradewindError {
  const hint =
    "the process ends so that it can be started again; look for what killed them, memory above all";
  return new TradewindError("model_unusable", `the workers of ${path} died and could not be replaced`, {
    hint,
  });
}
