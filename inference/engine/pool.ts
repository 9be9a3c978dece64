import { abandoned } from "#inference/abandoned.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import type { Tensors } from "./messages.ts";
import { openSessionThread, type SessionThread, type ThreadOptions } from "./session-thread.ts";

export type PoolOptions = ThreadOptions & {
  readonly workers: number;
  readonly clock: Clock;
  /** Runs that may wait for a free worker; one more is refused, since a longer queue only makes everybody late. */
  readonly maxQueue?: number;
};

export type PoolAnswer = {
  readonly outputs: Tensors;
  readonly queueMs: number;
  readonly inferenceMs: number;
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

type Job = {
  readonly inputs: Tensors;
  readonly signal: AbortSignal;
  readonly since: number;
  readonly resolve: (answer: PoolAnswer) => void;
  readonly reject: (error: TradewindError) => void;
};

/** A worker that dies this often without one answer in between would go on dying. */
const maxDeathsInARow = 3;

/**
 * Runs of one model, first come first served, over threads that each hold a session. A pool is
 *
 *   OPEN      takes runs; a thread that dies is replaced
 *   BROKEN    every thread died and replacing them was given up: runs are refused as `model_not_ready`
 *   DRAINING  after `close()`: refuses new runs, finishes those it has, those waiting included
 *   CLOSED    all threads ended, each while idle, because ending one inside a run aborts the process
 *
 * and a run is WAITING in the queue (where its signal cancels it), then RUNNING (where its signal only lets the caller
 * go: the thread finishes), then settled.
 */
export class Pool implements AsyncDisposable {
  readonly #options: PoolOptions;
  readonly #idle: SessionThread[] = [];
  readonly #threads = new Set<SessionThread>();
  readonly #queue: Job[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #deathsInARow = 0;
  #state: "OPEN" | "BROKEN" | "DRAINING" | "CLOSED" = "OPEN";
  #closing: Promise<void> | undefined;

  constructor(threads: readonly SessionThread[], options: PoolOptions) {
    this.#options = options;
    for (const thread of threads) this.#adopt(thread);
  }

  get ready(): boolean {
    return this.#state === "OPEN" && this.#threads.size > 0;
  }

  /** Runs that wait for a free worker. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** One run. The tensors' memory moves to a worker, so the caller must not use it again. */
  async run(inputs: Tensors, { signal }: { readonly signal: AbortSignal }): Promise<PoolAnswer> {
    if (signal.aborted) throw abandoned(signal);
    this.#refuseUnlessOpen();
    return await new Promise<PoolAnswer>((resolve, reject) => {
      const job: Job = { inputs, signal, since: this.#options.clock.elapsed(), resolve, reject };
      const onAbort = (): void => this.#abandon(job);
      signal.addEventListener("abort", onAbort, { once: true });
      this.#queue.push(job);
      this.#dispatch();
    });
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
    if (this.#idle.length === 0 && this.#queue.length >= maxQueue) {
      throw new TradewindError(
        "backend_full",
        `${this.#queue.length} runs of this model are waiting already`,
      );
    }
  }

  #abandon(job: Job): void {
    const place = this.#queue.indexOf(job);
    if (place >= 0) this.#queue.splice(place, 1);
    job.reject(abandoned(job.signal));
  }

  #dispatch(): void {
    while (this.#idle.length > 0) {
      const job = this.#queue.shift();
      if (!job) return;
      // The thread used last is still warm in its core's cache.
      const thread = this.#idle.pop();
      if (thread) this.#track(this.#serve(thread, job));
    }
  }

  async #serve(thread: SessionThread, job: Job): Promise<void> {
    const queueMs = this.#options.clock.elapsed() - job.since;
    try {
      const { outputs, inferenceMs } = await thread.run(job.inputs);
      this.#deathsInARow = 0;
      job.resolve({ outputs, queueMs, inferenceMs });
    } catch (error) {
      job.reject(asTradewindError(error));
    }
    if (this.#threads.has(thread)) this.#idle.push(thread);
    this.#dispatch();
  }

  #adopt(thread: SessionThread): void {
    this.#threads.add(thread);
    this.#idle.push(thread);
    void thread.ended.then(() => this.#replace(thread));
    this.#dispatch();
  }

  #replace(dead: SessionThread): void {
    this.#threads.delete(dead);
    const place = this.#idle.indexOf(dead);
    if (place >= 0) this.#idle.splice(place, 1);
    if (this.#state === "CLOSED") return;
    this.#deathsInARow += 1;
    this.#track(this.#deathsInARow < maxDeathsInARow ? this.#respawn() : this.#giveUp());
  }

  async #respawn(): Promise<void> {
    try {
      this.#adopt(await openSessionThread(this.#options));
    } catch {
      // It loaded once and does not now (memory, the file): the other threads go on, and without any the pool says so.
      await this.#giveUp();
    }
  }

  async #giveUp(): Promise<void> {
    if (this.#threads.size > 0) return;
    if (this.#state === "OPEN") this.#state = "BROKEN";
    for (const job of this.#queue.splice(0)) job.reject(gaveUp());
  }

  async #drain(): Promise<void> {
    if (this.#state === "OPEN") this.#state = "DRAINING";
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
    this.#state = "CLOSED";
    await Promise.all([...this.#threads].map((thread) => thread.close()));
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
  }
}

function gaveUp(): TradewindError {
  return new TradewindError("model_not_ready", "the model's workers died and could not be replaced");
}
