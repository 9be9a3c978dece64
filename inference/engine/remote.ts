import { abandoned } from "#inference/abandoned.ts";
import type { TensorSpec, Tensors } from "#inference/contract.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import { type Alarm, createAlarm } from "./alarm.ts";
import { batchKeyOf, rowsOf } from "./batch-tensors.ts";
import { type Batching, noBatching } from "./batching.ts";
import type { Engine, RunAnswer, RunOptions } from "./engine.ts";
import { allLeft } from "./remote/all-left.ts";
import { type InferTarget, inferRuns, type RemoteOutcome } from "./remote/infer-runs.ts";
import { modelPath } from "./remote/model-path.ts";
import { withinTime } from "./remote/time-limit.ts";
import { openUpstreamHttp, type UpstreamHttp } from "./remote/upstream-http.ts";
import { type ReadyWatch, watchReady } from "./remote/watch-ready.ts";
import { createRunQueue, type Job, type RunQueue } from "./run-queue.ts";

export type RemoteEngineOptions = {
  /** Of a server that speaks the Open Inference Protocol, without `/v2`. */
  readonly url: string;
  readonly model: string;
  /** Undefined where the server knows no versions, or is to choose. */
  readonly version: string | undefined;
  /** The outputs wanted, as the server announced them; an answer that differs is refused. */
  readonly outputs: readonly TensorSpec[];
  readonly clock: Clock;
  /** Requests that may be under way there at once. */
  readonly workers: number;
  readonly batching?: Batching;
  readonly connectTimeoutMs?: number;
  /** A request that takes longer is given up. */
  readonly runTimeoutMs?: number;
  /** An answer larger than this is cut off; sixteen answers of a segmentation model have 115 MB. */
  readonly maxAnswerBytes?: number;
  readonly probeEveryMs?: number;
};

/** Opens when the other server says that the model is ready there, and throws when it does not. */
export async function openRemoteEngine(options: RemoteEngineOptions): Promise<Engine> {
  const { url, model, version, clock, workers, connectTimeoutMs, probeEveryMs } = options;
  const { maxAnswerBytes = 2 ** 27, outputs, batching = noBatching } = options;
  const timeout = connectTimeoutMs === undefined ? {} : { connectTimeoutMs };
  const http = openUpstreamHttp({ url, connections: workers, maxAnswerBytes, ...timeout });
  // Of its own, since a question behind a queue of tensors would make a busy server look like a dead one.
  const questions = openUpstreamHttp({ url, connections: 1, maxAnswerBytes: 65_536, ...timeout });
  const path = modelPath(model, version);
  try {
    const every = probeEveryMs === undefined ? {} : { everyMs: probeEveryMs };
    const watch = await watchReady({ http: questions, path: `${path}/ready`, clock, ...every });
    const batched = batching.maxBatchSize > 1;
    const target = {
      http,
      path: `${path}/infer`,
      outputs,
      batched,
      maxAnswerBytes,
      nextId: counter(),
      rooms: [],
    };
    return new RemoteEngine({ ...options, batching, target, watch, connections: [http, questions] });
  } catch (error) {
    await Promise.all([http.close(), questions.close()]);
    throw error;
  }
}

type Parts = RemoteEngineOptions & {
  readonly batching: Batching;
  readonly target: InferTarget;
  readonly watch: ReadyWatch;
  readonly connections: readonly UpstreamHttp[];
};

/**
 * Runs of one model over requests to another server. It is
 *
 *   OPEN      takes runs; whether it is ready is the other server's word, asked for in the background
 *   DRAINING  after `close()`: refuses new runs, finishes those it has, those waiting included
 *   CLOSED    nothing is asked any more, and the connections are gone
 */
class RemoteEngine implements Engine {
  readonly executionProvider = "remote";
  readonly #parts: Parts;
  readonly #queue: RunQueue;
  readonly #alarm: Alarm;
  readonly #underWay = new Set<Promise<void>>();
  #state: "OPEN" | "DRAINING" | "CLOSED" = "OPEN";
  #closing: Promise<void> | undefined;

  constructor(parts: Parts) {
    const { clock, batching, workers } = parts;
    this.#parts = parts;
    this.#queue = createRunQueue({ clock, batching, workers: () => workers });
    this.#alarm = createAlarm({ clock, ring: () => this.#dispatch() });
  }

  get ready(): boolean {
    return this.#state === "OPEN" && this.#parts.watch.ready;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  async run(inputs: Tensors, options: RunOptions): Promise<RunAnswer> {
    if (options.signal.aborted) throw abandoned(options.signal);
    if (this.#state !== "OPEN") throw new TradewindError("draining", "the model is being shut down");
    const batchKey = this.#parts.target.batched ? batchKeyOf(inputs) : undefined;
    const answer = this.#queue.add(inputs, { ...options, items: rowsOf(inputs), batchKey });
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

  #dispatch(): void {
    const { workers } = this.#parts;
    while (this.#underWay.size < workers) {
      const jobs = this.#queue.take();
      if (jobs.length === 0) break;
      const serving = this.#serve(jobs).finally(() => {
        this.#underWay.delete(serving);
        this.#dispatch();
      });
      this.#underWay.add(serving);
    }
    // A batch that waits for company leaves in time, although nothing else happens.
    this.#alarm.set(this.#underWay.size < workers ? this.#queue.nextDue() : undefined);
  }

  /** Never throws: what goes wrong is the answer of the jobs. */
  async #serve(jobs: readonly Job[]): Promise<void> {
    const { clock, runTimeoutMs: ms = 60_000, target } = this.#parts;
    const batch = jobs.reduce((sum, { items }) => sum + items, 0);
    const ended = this.#queue.started(batch);
    const callers = allLeft(jobs.map(({ signal }) => signal));
    const since = clock.elapsed();
    try {
      const runs = jobs.map(({ inputs }) => inputs);
      const ask = (signal: AbortSignal) => inferRuns(target, runs, signal);
      const outcomes = await withinTime({ clock, ms, signal: callers.signal }, ask);
      ended(outcomes.every((outcome) => "outputs" in outcome) ? "done" : "failed");
      settle(jobs, outcomes, { inferenceMs: clock.elapsed() - since, batch });
    } catch (error) {
      ended("failed");
      for (const job of jobs) job.reject(asTradewindError(error));
    } finally {
      callers.release();
    }
  }

  async #drain(): Promise<void> {
    this.#state = "DRAINING";
    while (this.#underWay.size + this.#queue.length > 0) {
      this.#dispatch();
      await this.#somethingEnds();
    }
    this.#state = "CLOSED";
    this.#alarm.set(undefined);
    await this.#parts.watch.close();
    await Promise.all(this.#parts.connections.map((connection) => connection.close()));
  }

  /** A request, or the wait of a batch for company. */
  async #somethingEnds(): Promise<void> {
    const { clock } = this.#parts;
    if (this.#underWay.size > 0) return Promise.race(this.#underWay);
    const due = this.#queue.nextDue() ?? clock.elapsed();
    await clock.sleep(Math.max(0, due - clock.elapsed()));
  }
}

function settle(
  jobs: readonly Job[],
  outcomes: readonly RemoteOutcome[],
  cost: Pick<RunAnswer, "inferenceMs" | "batch">,
): void {
  jobs.forEach(({ inputs, queueMs, resolve, reject }, index) => {
    const outcome = outcomes[index];
    if (outcome && "outputs" in outcome)
      resolve({ outputs: outcome.outputs, queueMs, ...cost, spent: inputs });
    else
      reject(
        outcome?.failed ?? new TradewindError("internal", "a run of a batch was left without an answer"),
      );
  });
}

function counter(): () => string {
  let count = 0;
  return () => {
    count += 1;
    return `tradewind-${count}`;
  };
}
