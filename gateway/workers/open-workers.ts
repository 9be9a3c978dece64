import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Log } from "#infra/runtime/log.ts";
import type { ForkedWorker } from "./fork-worker.ts";
import type { ServeOrder } from "./messages.ts";
import { MetricsSum } from "./metrics-sum.ts";
import { openPrimaryMetrics, type PrimaryMetrics } from "./primary-metrics.ts";
import { type Lost, type Said, WorkerPlace } from "./worker-place.ts";

/** Several processes that serve on one port, seen from the one that keeps them running. */
export type Workers = AsyncDisposable & {
  /** Where all of them listen. */
  readonly url: string;
  /** Lets each finish what it has in hand; twice is fine. */
  readonly close: () => Promise<void>;
};

export type WorkersOptions = {
  readonly count: number;
  readonly order: Omit<ServeOrder, "kind" | "number" | "workers">;
  readonly fork: () => ForkedWorker;
  readonly clock: Clock;
  readonly log: Log;
  /** Gives a start up. */
  readonly signal: AbortSignal;
  /** Told at once how to end them all without waiting. */
  readonly onKill: (kill: () => void) => void;
  /** Takes what tells them all to read the configuration again. */
  readonly onReload?: (reload: () => void) => void;
  /** Nobody serves any more, and the last that tried could not begin. */
  readonly onGone: (error: TradewindError) => void;
};

/** Starts them side by side and waits for all; the first that cannot begin ends the others and says why for all. */
export async function openWorkers(options: WorkersOptions): Promise<Workers> {
  options.signal.throwIfAborted();
  const crew = new Crew(options);
  options.onKill(() => crew.kill());
  options.onReload?.(() => crew.reload());
  const close = (): Promise<void> => crew.close();
  try {
    const url = await unlessAborted(crew.opened, options.signal);
    return { url, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
}

/**
 * The workers together are in one of these states:
 *
 *   OPENING  they start side by side; one that ends before it served ends all
 *   OPEN     each has served; another follows the one that ends, as long as anybody is left
 *   CLOSED   each finishes what it has in hand, and nobody follows
 */
class Crew {
  #isOpen = false;
  readonly #options: WorkersOptions;
  readonly #opening = Promise.withResolvers<string>();
  readonly #places: readonly WorkerPlace[];
  readonly #metrics: PrimaryMetrics;
  readonly #sum: MetricsSum;

  constructor(options: WorkersOptions) {
    this.#options = options;
    this.#metrics = openPrimaryMetrics(options.count);
    this.#sum = new MetricsSum({ primary: this.#metrics, clock: options.clock });
    this.#places = Array.from({ length: options.count }, (_, index) => this.#place(index + 1));
  }

  /** Where they listen, once all of them do. */
  get opened(): Promise<string> {
    return this.#opening.promise;
  }

  kill(): void {
    for (const place of this.#places) place.kill();
  }

  reload(): void {
    for (const place of this.#places) place.send({ kind: "reload" });
  }

  async close(): Promise<void> {
    const endings = await Promise.all(this.#places.map((place) => place.close()));
    const cut = endings.flatMap(({ clean, how }, index) => (clean ? [] : [`worker ${index + 1} (${how})`]));
    if (cut.length > 0) {
      throw new TradewindError("internal", `not everything in hand was finished: ${cut.join(", ")}`);
    }
  }

  #place(number: number): WorkerPlace {
    const { order, count, fork, clock } = this.#options;
    const place: WorkerPlace = new WorkerPlace({
      order: { kind: "serve", number, workers: count, ...order },
      fork,
      clock,
      onReady: (url) => this.#ready(url),
      onLost: (lost) => this.#lost(number, lost),
      onSaid: (message) => this.#said(place, message),
    });
    return place;
  }

  #ready(url: string): void {
    if (this.#isOpen || this.#places.some(({ state }) => state !== "ready")) return;
    this.#isOpen = true;
    this.#opening.resolve(url);
  }

  #lost(worker: number, { why, how, wasReady, pauseMs }: Lost): void {
    this.#sum.forget(worker);
    const error = new TradewindError(
      "internal",
      why ?? `worker ${worker} ended with ${how} before it was ready`,
    );
    if (!this.#isOpen && !wasReady) {
      this.#opening.reject(error);
      return;
    }
    this.#metrics.countRestart();
    this.#options.log.warn({ worker, how, why, pauseMs }, "a worker ended, and another follows");
    const isAnyLeft = this.#places.some(({ state }) => state === "ready" || state === "starting");
    if (!wasReady && !isAnyLeft) this.#options.onGone(error);
  }

  #said(place: WorkerPlace, message: Said): void {
    if ("told" in message) this.#sum.take(place.number, message);
    else if ("wanted" in message) void this.#tellSum(place);
  }

  /** A worker that hears nothing stops waiting by itself. */
  async #tellSum(place: WorkerPlace): Promise<void> {
    const text = await this.#sum.ask(this.#places).catch(() => undefined);
    if (text !== undefined) place.send({ kind: "sum", text });
  }
}

/** Rejects with the signal's reason as soon as it aborts. */
async function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
