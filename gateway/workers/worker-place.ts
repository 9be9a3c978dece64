import type { Clock } from "#infra/runtime/clock.ts";
import type { Ending, ForkedWorker } from "./fork-worker.ts";
import type { FromWorker, ServeOrder, ToWorker } from "./messages.ts";

export type PlaceState = "starting" | "ready" | "pausing" | "closed";

/** How a worker ended that nobody had told to. */
export type Lost = Ending & {
  /** Its own words, where it had any. */
  readonly why: string | undefined;
  readonly wasReady: boolean;
  /** How long until another is started. */
  readonly pauseMs: number;
};

/** What a worker says besides that it is ready or failed. */
export type Said = Exclude<FromWorker, { readonly ready: unknown } | { readonly failed: unknown }>;

export type PlaceOptions = {
  readonly order: ServeOrder;
  readonly fork: () => ForkedWorker;
  readonly clock: Clock;
  readonly onReady: (url: string) => void;
  readonly onLost: (lost: Lost) => void;
  readonly onSaid: (message: Said) => void;
};

/**
 * A place for one worker after the other is in one of these states:
 *
 *   STARTING  a process was forked and told what to serve
 *   READY     it takes requests
 *   PAUSING   it ended, and another is started after a pause, which grows while they end soon
 *   CLOSED    the last one was told to stop and is gone, and no other comes
 */
export class WorkerPlace {
  readonly number: number;
  #state: PlaceState = "starting";
  #worker: ForkedWorker | undefined;
  readonly #options: PlaceOptions;
  readonly #closing = new AbortController();
  readonly #kept: Promise<Ending>;

  constructor(options: PlaceOptions) {
    this.number = options.order.number;
    this.#options = options;
    this.#kept = this.#keep();
  }

  get state(): PlaceState {
    return this.#state;
  }

  send(message: ToWorker): void {
    this.#worker?.send(message);
  }

  /** Ends what runs here in whatever state it is, and lets nothing follow. */
  kill(): void {
    this.#closing.abort();
    this.#worker?.kill();
  }

  /** Waits for what the worker has in hand; answers how it ended. Twice is fine. */
  async close(): Promise<Ending> {
    if (!this.#closing.signal.aborted) {
      this.#closing.abort();
      this.#worker?.send({ kind: "stop" });
    }
    return await this.#kept;
  }

  async #keep(): Promise<Ending> {
    const { clock, onLost } = this.#options;
    const { signal } = this.#closing;
    for (let short = 0; ; ) {
      const { readyMs, ...ended } = await this.#runOne();
      const wasReady = readyMs !== undefined;
      if (signal.aborted) return this.#end(wasReady ? ended : gone);
      short = wasReady && readyMs >= steadyMs ? 0 : short + 1;
      this.#state = "pausing";
      const pauseMs = pauseBefore(short);
      onLost({ ...ended, wasReady, pauseMs });
      await clock.sleep(pauseMs, { signal }).catch(() => undefined);
      if (signal.aborted) return this.#end(gone);
    }
  }

  async #runOne(): Promise<Ending & { why: string | undefined; readyMs: number | undefined }> {
    const { fork, order, clock, onReady, onSaid } = this.#options;
    this.#state = "starting";
    const worker = fork();
    this.#worker = worker;
    let why: string | undefined;
    let readyAt: number | undefined;
    worker.onMessage((message) => {
      if ("ready" in message) {
        readyAt = clock.elapsed();
        this.#state = "ready";
        onReady(message.ready.url);
      } else if ("failed" in message) why = message.failed;
      else onSaid(message);
    });
    worker.send(order);
    const ending = await worker.gone;
    this.#worker = undefined;
    return { ...ending, why, readyMs: readyAt === undefined ? undefined : clock.elapsed() - readyAt };
  }

  #end(ending: Ending): Ending {
    this.#state = "closed";
    return ending;
  }
}

/** Where nothing was in hand, nothing was lost: what ended while it was starting had nothing either. */
const gone: Ending = { clean: true, how: "nothing in hand" };

/** A worker that served for so long did not fail because of how it was started. */
const steadyMs = 30_000;

/** The first follows almost at once; one that cannot live must not take the machine with it. */
function pauseBefore(short: number): number {
  return Math.min(10_000, 100 * 2 ** Math.max(0, short - 1));
}
