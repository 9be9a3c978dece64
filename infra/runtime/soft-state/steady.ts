import { softStateTurned } from "../channels.ts";
import type { Clock } from "../clock.ts";
import { TradewindError } from "../errors.ts";
import type { SoftOperation, SoftState } from "./soft-state.ts";
import { unsent } from "./unsent.ts";

export type SteadyMode = "closed" | "open" | "half-open";

export type SteadySoftState = SoftState & {
  readonly mode: () => SteadyMode;
};

export type SteadyOptions = {
  readonly clock: Clock;
  /** So many calls without an answer, one after the other, open it. */
  readonly failures?: number;
  /** How long nobody tries. */
  readonly openMs?: number;
};

/**
 * Spares its callers the waiting for a soft state that is away.
 *
 * CLOSED     every call goes through; failures in a row are counted, and any answer ends the row
 * OPEN       a call is refused at once, for `openMs` after the last failure
 * HALF-OPEN  the first call after that is the probe, and all others are refused at once; its answer closes the breaker,
 *            its failure opens it anew, and where its caller leaves, the next call is the probe
 *
 * Only `soft_state_unavailable` is a failure: a slow answer becomes one by the timeout behind this, and a call that makes
 * no sense says nothing about the state. Listening and pings pass as they are.
 */
export function createSteadySoftState(inner: SoftState, options: SteadyOptions): SteadySoftState {
  const breaker = new Breaker(options);
  return {
    apply: <const Operations extends readonly SoftOperation[]>(
      operations: Operations,
      waiting?: { readonly signal?: AbortSignal },
    ) => breaker.pass(() => inner.apply(operations, waiting)),
    publish: (channel, message, waiting) => breaker.pass(() => inner.publish(channel, message, waiting)),
    subscribe: inner.subscribe,
    ping: inner.ping,
    mode: () => breaker.mode,
    close: inner.close,
    [Symbol.asyncDispose]: inner.close,
  };
}

/** CLOSED, OPEN or HALF-OPEN, as drawn above. */
class Breaker {
  readonly #clock: Clock;
  readonly #failures: number;
  readonly #openMs: number;
  #mode: SteadyMode = "closed";
  #failed = 0;
  #openUntil = 0;
  /** Grows with every turn: what was asked before a turn says nothing about the time after it. */
  #turns = 0;

  constructor({ clock, failures = 5, openMs = 1_000 }: SteadyOptions) {
    this.#clock = clock;
    this.#failures = failures;
    this.#openMs = openMs;
  }

  get mode(): SteadyMode {
    return this.#mode;
  }

  async pass<Result>(call: () => Promise<Result>): Promise<Result> {
    this.#enter();
    const turn = this.#turns;
    try {
      const result = await call();
      if (turn === this.#turns) this.#answered();
      return result;
    } catch (error) {
      if (turn === this.#turns) this.#failedWith(error);
      throw error;
    }
  }

  #enter(): void {
    if (this.#mode === "closed") return;
    if (this.#mode === "half-open" || this.#clock.elapsed() < this.#openUntil) {
      throw unsent("the soft state gave no answer lately");
    }
    this.#turn("half-open");
  }

  #answered(): void {
    this.#failed = 0;
    if (this.#mode === "half-open") this.#turn("closed");
  }

  #failedWith(error: unknown): void {
    if (error instanceof TradewindError && error.code === "soft_state_unavailable") {
      this.#failed += 1;
      if (this.#mode === "half-open" || this.#failed >= this.#failures) this.#open(this.#openMs);
    } else if (this.#mode === "half-open") {
      // The probe's caller left, or asked for nonsense: nothing was learned, so the next call tries.
      this.#open(0);
    }
  }

  #open(forMs: number): void {
    this.#openUntil = this.#clock.elapsed() + forMs;
    this.#turn("open");
  }

  #turn(mode: SteadyMode): void {
    this.#mode = mode;
    this.#turns += 1;
    this.#failed = 0;
    softStateTurned.publish({ mode });
  }
}
