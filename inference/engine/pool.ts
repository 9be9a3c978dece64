import { abandoned } from "#inference/abandoned.ts";
import type { Tensors } from "#inference/contract.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type Alarm, createAlarm } from "./alarm.ts";
import { batchKeyOf, rowsOf } from "./batch-tensors.ts";
import { type Batching, noBatching } from "./batching.ts";
import { checkTexts } from "./check-texts.ts";
import { Crew } from "./crew.ts";
import type { Engine, RunAnswer, RunOptions } from "./engine.ts";
import { createLoads, failLoad, type Load, type Loads } from "./loads.ts";
import type { ExecutionProvider, Placement, SessionOptions } from "./messages.ts";
import { createRunQueue, type Job, type RunQueue } from "./run-queue.ts";
import { createRunWatch, type RunWatch } from "./run-watch.ts";
import type { Session } from "./session.ts";
import { openSessionThread } from "./session-thread.ts";

export type PoolOptions = SessionOptions & {
  /** Sessions side by side, once it is known where they compute. */
  readonly workersFor: (executionProvider: ExecutionProvider) => number;
  readonly clock: Clock;
  readonly batching?: Batching;
  /** A run that takes longer is taken to hang. */
  readonly runTimeoutMs?: number;
  /** Where sessions live: in threads, unless each is to be killable. */
  readonly openSession?: (options: SessionOptions) => Promise<Session>;
  /** A session died, and its place is being filled again. */
  readonly onDeath?: () => void;
  /** Called once, when the model can never answer again: the process had better end. */
  readonly onBroken?: (error: TradewindError) => void;
};

/** Loads the model in every worker; when one can't, those that could are closed again. */
export async function openPool(options: PoolOptions): Promise<Pool> {
  const {
    openSession = openSessionThread,
    workersFor,
    path,
    outputs,
    executionProviders,
    exactQuantized,
  } = options;
  const first = await openSession({ path, outputs, executionProviders, exactQuantized });
  // The others need not try again what the first one could not have.
  const { executionProvider } = first.placement;
  const open = () => openSession({ path, outputs, executionProviders: [executionProvider], exactQuantized });
  const opened = await Promise.allSettled(Array.from({ length: workersFor(executionProvider) - 1 }, open));
  const others = opened.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const sessions = [first, ...others];
  const failure = opened.find((result) => result.status === "rejected");
  if (!failure) return new Pool(sessions, first.placement, { ...options, open });
  await Promise.all(sessions.map((session) => session.close()));
  throw failure.reason;
}

/**
 * Runs of one model over sessions that each compute one batch at a time. A pool is
 *
 *   OPEN      takes runs; its crew replaces a session that dies
 *   BROKEN    the crew lost every session and gave up, or a run hangs in a thread that nothing can end: runs are refused
 *             as `model_not_ready`, for good, and the owner is told, so that the process can end and be started again
 *   DRAINING  after `close()`: refuses new runs, finishes those it has, those waiting included
 *   CLOSED    all sessions ended, each while idle, because ending a thread inside a run aborts the process
 */
export class Pool implements Engine {
  readonly placement: Placement;
  /** Sessions side by side. */
  readonly size: number;
  readonly #options: PoolOptions;
  readonly #crew: Crew;
  readonly #queue: RunQueue;
  readonly #alarm: Alarm;
  readonly #watch: RunWatch;
  readonly #loads: Loads;
  readonly #running = new Set<Promise<void>>();
  #state: "OPEN" | "BROKEN" | "DRAINING" | "CLOSED" = "OPEN";
  #closing: Promise<void> | undefined;
  #soon = false;
  /** Loads that a session computes; one that is back counts no more, though its promise is not settled yet. */
  #underWay = 0;

  constructor(
    sessions: readonly Session[],
    placement: Placement,
    options: PoolOptions & { readonly open: () => Promise<Session> },
  ) {
    const { clock, batching = noBatching, open } = options;
    this.placement = placement;
    this.size = sessions.length;
    this.#options = options;
    this.#crew = new Crew({
      clock,
      open,
      onIdle: () => this.#dispatch(),
      onDeath: () => options.onDeath?.(),
      onLost: () => this.#giveUp("the model's workers died and could not be replaced"),
    });
    this.#queue = createRunQueue({ clock, batching, workers: () => Math.max(1, this.#crew.alive) });
    this.#loads = createLoads({ queue: this.#queue, clock });
    this.#alarm = createAlarm({ clock, ring: () => this.#dispatch() });
    const onHang = (session: Session, jobs: readonly Job[], why: string) => this.#hangs(session, jobs, why);
    this.#watch = createRunWatch({ clock, runTimeoutMs: options.runTimeoutMs ?? 60_000, onHang });
    for (const session of sessions) this.#crew.adopt(session);
  }

  get executionProvider(): string {
    return this.placement.executionProvider;
  }

  get ready(): boolean {
    return this.#state === "OPEN" && this.#crew.alive > 0;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  async run(inputs: Tensors, options: RunOptions): Promise<RunAnswer> {
    if (options.signal.aborted) throw abandoned(options.signal);
    if (this.#state === "BROKEN") throw gaveUp("the model's workers died and could not be replaced");
    if (this.#state !== "OPEN") throw new TradewindError("draining", "the model is being shut down");
    checkTexts(inputs);
    const { maxBatchSize } = this.#options.batching ?? noBatching;
    const batches = maxBatchSize > 1;
    const [items, batchKey] = batches ? [rowsOf(inputs), batchKeyOf(inputs)] : [1, undefined];
    const answer = this.#queue.add(inputs, { ...options, items, batchKey });
    if (this.#loads.gathers) this.#dispatchSoon();
    else this.#dispatch();
    return await answer;
  }

  /** Replaces every session by a fresh one without refusing a run; resolves to how many. */
  recycle(): Promise<number> {
    return this.#state === "OPEN" ? this.#crew.recycle() : Promise.resolve(0);
  }

  close(): Promise<void> {
    this.#closing ??= this.#drain();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Runs of tiny models that arrive in the same turn of the event loop travel together. */
  #dispatchSoon(): void {
    if (this.#soon) return;
    this.#soon = true;
    setImmediate(() => {
      this.#soon = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    while (this.#crew.idle > 0) {
      const load = this.#loads.take(this.#underWay);
      const session = load ? this.#crew.take() : undefined;
      if (!load || !session) break;
      const running = this.#serve(session, load).finally(() => this.#running.delete(running));
      this.#running.add(running);
    }
    // A batch that waits for company leaves in time, although nothing else happens.
    this.#alarm.set(this.#crew.idle > 0 ? this.#loads.nextDue(this.#underWay) : undefined);
  }

  async #serve(session: Session, load: Load): Promise<void> {
    const { jobs, items, joined } = load;
    const ended = this.#queue.started(items);
    this.#watch.begin(session, jobs);
    this.#underWay += 1;
    try {
      const runs = jobs.map(({ inputs }) => inputs);
      const answer = await session.run(runs, { joined });
      ended("done");
      this.#loads.settle(load, answer);
    } catch (error) {
      ended("failed");
      failLoad(load, error);
    }
    this.#watch.end(session);
    this.#underWay -= 1;
    this.#crew.giveBack(session);
  }

  /** Of a run that hangs the callers are let go, and its session is ended, or where that can't be done the whole pool. */
  #hangs(session: Session, jobs: readonly Job[], why: string): void {
    for (const job of jobs) job.reject(new TradewindError("internal", why));
    if (session.kill) session.kill();
    else this.#giveUp(why);
  }

  #giveUp(why: string): void {
    this.#queue.rejectAll(gaveUp(why));
    if (this.#state !== "OPEN") return;
    this.#state = "BROKEN";
    this.#crew.hurry();
    this.#options.onBroken?.(broken(this.#options.path, why));
  }

  async #drain(): Promise<void> {
    if (this.#state === "OPEN") this.#state = "DRAINING";
    this.#crew.hurry();
    while (this.#running.size + this.#crew.replacing.size + this.#queue.length > 0) {
      this.#dispatch();
      await this.#somethingEnds();
    }
    this.#state = "CLOSED";
    this.#alarm.set(undefined);
    this.#watch.stop();
    await this.#crew.close();
  }

  /** A run, a replacement, or the wait of a batch for company. */
  async #somethingEnds(): Promise<void> {
    const work = [...this.#running, ...this.#crew.replacing];
    if (work.length > 0) return Promise.race(work);
    const { clock } = this.#options;
    const due = this.#crew.alive > 0 ? this.#queue.nextDue() : undefined;
    if (due === undefined) this.#queue.rejectAll(gaveUp("the model's workers died while it was shut down"));
    else await clock.sleep(Math.max(0, due - clock.elapsed()));
  }
}

function gaveUp(why: string): TradewindError {
  return new TradewindError("model_not_ready", why);
}

function broken(path: string, why: string): TradewindError {
  const hint =
    "the process ends so that it can be started again; look for what killed or held them, memory above all";
  return new TradewindError("model_unusable", `${path} can no longer be served: ${why}`, { hint });
}
