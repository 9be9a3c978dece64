import type { Chance } from "#infra/runtime/chance.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { asTradewindError, type ErrorCode, TradewindError } from "#infra/runtime/errors.ts";
import type { Backend } from "../fleet/snapshot.ts";
import { choose } from "./choose.ts";
import type { Lane, Pool } from "./pool.ts";
import { type Doer, type Ending, Pursuit } from "./pursuit.ts";
import type { Money } from "./terms.ts";
import type { Try, TryFailure } from "./try.ts";

/** One request on its way to whoever answers it. */
export type DispatchCall<Answer> = {
  readonly pool: Pool;
  /** Of each lane by its place. */
  readonly backends: readonly Backend[];
  /** Whether a lane has what is asked for. */
  readonly able: (lane: Lane) => boolean;
  /** What is sent, in bytes. */
  readonly bytes: number;
  /** By the clock's `elapsed`; later answers still count, but cost. */
  readonly deadlineAt: number;
  readonly money?: Money;
  readonly mayHedge?: boolean;
  readonly send: (backend: Backend, to: SentTo) => Promise<Answer>;
  /** The one signal of the request; its reason is the catalogue's. */
  readonly signal: AbortSignal;
} & DispatchHooks;

/** Told on the way, for whoever explains it; one that fails holds nothing up. */
export type DispatchHooks = {
  /** At the first choice, while the pool still remembers what it thought of each lane. */
  readonly onChoice?: (pool: Pool) => void;
  readonly onFailure?: (made: Try, code: ErrorCode) => void;
  /** When all is over for the caller, with the code of its failure, where it failed. */
  readonly onEnd?: (course: Course, code?: ErrorCode) => void;
};

export type SentTo = { readonly place: number; readonly signal: AbortSignal };

/** How a request went, for whoever explains it. */
export type Course = {
  readonly pool: Pool;
  readonly tries: readonly Try[];
  /** Whom it was the occasion to wake. */
  readonly woken?: { readonly lane: Lane; readonly usd: number } | undefined;
  readonly ending: Ending["kind"] | "given up";
  readonly startedAt: number;
  readonly endedAt: number;
  readonly deadlineAt: number;
  readonly bytes: number;
};

export type Dispatched<Answer> = {
  readonly answer: Answer;
  readonly backend: Backend;
  readonly by: Try;
  readonly tries: readonly Try[];
};

export type Dispatcher = {
  readonly dispatch: <Answer>(call: DispatchCall<Answer>) => Promise<Dispatched<Answer>>;
  /** Milliseconds since 1970 that never run backwards: the time in which all of this is told. */
  readonly now: () => number;
};

export type DispatcherOptions = {
  readonly clock: Clock;
  readonly chance: Chance;
  /** Wakes a backend that sleeps, beside everything. */
  readonly wake: (backend: Backend, model: string, requests: number) => Promise<void>;
};

/** Carries out what pursuits decide, with real connections and real time. */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { clock } = options;
  const offset = clock.now() - clock.elapsed();
  const now = (): number => clock.elapsed() + offset;
  return {
    now,
    dispatch: (call) =>
      new Promise((resolve, reject) => {
        if (call.signal.aborted) reject(asTradewindError(call.signal.reason));
        else new Dispatching(call, { ...options, now, offset }, { resolve, reject }).begin();
      }),
  };
}

type Deps = DispatcherOptions & { readonly now: () => number; readonly offset: number };

type Settle<Answer> = {
  readonly resolve: (dispatched: Dispatched<Answer>) => void;
  readonly reject: (error: TradewindError) => void;
};

/** States are the pursuit's; this one only holds what is open for it: a timer, and a way to abort each try. */
class Dispatching<Answer> implements Doer {
  readonly #call: DispatchCall<Answer>;
  readonly #deps: Deps;
  readonly #settle: Settle<Answer>;
  readonly #pursuit: Pursuit;
  readonly #aborts = new Map<Try, AbortController>();
  readonly #answers = new Map<Try, Answer>();
  readonly #onAbort = (): void => this.#giveUp();
  readonly #startedAt: number;
  #failure: TradewindError | undefined;
  #woken: Course["woken"];
  #timer: NodeJS.Timeout | undefined;

  constructor(call: DispatchCall<Answer>, deps: Deps, settle: Settle<Answer>) {
    this.#call = call;
    this.#deps = deps;
    this.#settle = settle;
    const { pool, bytes, able, money, mayHedge } = call;
    const { chance, offset } = deps;
    this.#startedAt = deps.now();
    const given = { ...(money && { money }), ...(mayHedge !== undefined && { mayHedge }) };
    const deadlineAt = call.deadlineAt + offset;
    this.#pursuit = new Pursuit({ pool, choose, doer: this, chance, bytes, able, deadlineAt, ...given });
  }

  begin(): void {
    this.#call.signal.addEventListener("abort", this.#onAbort, { once: true });
    this.#pursuit.begin(this.#startedAt);
  }

  send(made: Try): void {
    const { pool, backends, send, onChoice } = this.#call;
    const { place } = made.lane;
    const backend = backends[place];
    if (!backend) return;
    if (made.kind === "first") tell(() => onChoice?.(pool));
    const abort = new AbortController();
    this.#aborts.set(made, abort);
    ask(send, backend, { place, signal: abort.signal }).then(
      (answer) => {
        this.#answers.set(made, answer);
        this.#pursuit.answered(made, this.#deps.now());
      },
      (error: unknown) => this.#failed(made, asTradewindError(error)),
    );
  }

  abort(made: Try): void {
    this.#aborts.get(made)?.abort(nobodyWaits);
  }

  callAt(at: number): void {
    const { now } = this.#deps;
    const ms = Math.max(1, Math.ceil(at - now()));
    const dueAt = now() + ms;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (now() - dueAt < heldUpMs) this.#pursuit.onTime(now());
      else this.#timer = setTimeout(() => this.#pursuit.onTime(now()), 1);
    }, ms);
  }

  wake(lane: Lane, requests: number, usd: number): void {
    const { pool, backends } = this.#call;
    const { place, standing } = lane;
    this.#woken = { lane, usd };
    const backend = backends[place];
    if (!backend) return;
    const { now, wake } = this.#deps;
    const startedAt = now();
    wake(backend, pool.model, requests).then(
      () => standing.warmth.woke(now(), requests, now() - startedAt),
      () => standing.breaker.failed(now()),
    );
  }

  end(ending: Ending): void {
    if (ending.kind === "answered") {
      this.#close(ending.kind);
      this.#resolve(ending.by);
      return;
    }
    const failure = this.#failure ?? nobodyThere(this.#call.pool, this.#deps.now());
    this.#close(ending.kind, failure.code);
    this.#settle.reject(failure);
  }

  #resolve(by: Try): void {
    const backend = this.#call.backends[by.lane.place];
    const answer = this.#answers.get(by) as Answer;
    if (backend) this.#settle.resolve({ answer, backend, by, tries: this.#pursuit.tries });
  }

  #failed(made: Try, error: TradewindError): void {
    if (made.state === "out") {
      this.#failure = error;
      tell(() => this.#call.onFailure?.(made, error.code));
    }
    this.#pursuit.failed(made, failureOf(error), this.#deps.now());
  }

  #giveUp(): void {
    const reason = asTradewindError(this.#call.signal.reason);
    for (const abort of this.#aborts.values()) abort.abort(reason);
    this.#pursuit.giveUp(this.#deps.now());
    this.#close("given up", reason.code);
    this.#settle.reject(reason);
  }

  #close(ending: Course["ending"], code?: ErrorCode): void {
    clearTimeout(this.#timer);
    this.#call.signal.removeEventListener("abort", this.#onAbort);
    const { pool, bytes, onEnd, deadlineAt } = this.#call;
    const { tries } = this.#pursuit;
    const { now, offset } = this.#deps;
    const times = { startedAt: this.#startedAt, endedAt: now(), deadlineAt: deadlineAt + offset };
    tell(() => onEnd?.({ pool, tries, woken: this.#woken, ending, ...times, bytes }, code));
  }
}

/** Also where it fails before it is a promise. */
async function ask<Answer>(
  send: DispatchCall<Answer>["send"],
  backend: Backend,
  to: SentTo,
): Promise<Answer> {
  return await send(backend, to);
}

/** Whatever is wrong with the record of a request, the request goes on. */
function tell(hook: () => void): void {
  try {
    hook();
  } catch (error) {
    sideConcernSkipped.publish({ what: "writing the ledger", error });
  }
}

/**
 * A timer that comes so late says that this process was held up, and that answers may lie there unread: they are read before
 * anybody is blamed for his silence.
 */
const heldUpMs = 5;

const nobodyWaits = new TradewindError("caller_left", "another backend answered first");

function failureOf({ kind, code, retryAfterMs }: TradewindError): TryFailure {
  // A server that is full says when to come again; one that only fails with the same status has failed.
  const isFull = code === "backend_full" && retryAfterMs !== undefined;
  return {
    retryable: kind.retryable,
    isBackends: kind.blame === "backend",
    isFull,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

function nobodyThere({ lanes, model }: Pool, now: number): TradewindError {
  const waits = lanes.map(({ standing }) => standing.breaker.fullUntil - now).filter((ms) => ms > 0);
  if (waits.length === 0)
    return new TradewindError("backend_none", `no backend can answer for model ${model} at the moment`);
  const retryAfterMs = Math.min(...waits);
  return new TradewindError("backend_full", "every backend takes no more at the moment", { retryAfterMs });
}
