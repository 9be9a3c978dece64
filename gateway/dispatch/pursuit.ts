import type { Chance } from "#infra/runtime/chance.ts";
import type { Choice, Choose } from "./choose.ts";
import { considerWaking } from "./consider-waking.ts";
import { noteWaiting } from "./count-lack.ts";
import { howToWait } from "./how-to-wait.ts";
import type { Lane, Pool } from "./pool.ts";
import type { Money } from "./terms.ts";
import {
  blameForSilence,
  learnFromAnswer,
  learnFromFailure,
  learnFromSilence,
  slowAfterMs,
  type Try,
  type TryFailure,
} from "./try.ts";
import type { ChoiceAsk } from "./weigh.ts";
import { type IsWorthIt, isWorthACopy } from "./worth-a-copy.ts";

/** Who carries out what is decided: with real connections in the gateway, with virtual ones in the replay lab. */
export type Doer = {
  readonly send: (made: Try) => void;
  /** Nobody waits for this one any more. */
  readonly abort: (made: Try) => void;
  /** `onTime` is wanted then; a later call replaces an earlier one. */
  readonly callAt: (at: number) => void;
  /** So many requests at once that only wake, beside everything; what that costs is settled already. */
  readonly wake: (lane: Lane, requests: number, usd: number) => void;
  /** The last word: an answer, or why there is none. Called once. */
  readonly end: (ending: Ending) => void;
};

export type Ending =
  | { readonly kind: "answered"; readonly by: Try }
  /** Every try failed; undefined where nobody could even be asked. */
  | { readonly kind: "failed"; readonly last: Try | undefined; readonly retryAfterMs: number | undefined };

export type PursuitOptions = {
  readonly pool: Pool;
  readonly choose: Choose;
  readonly doer: Doer;
  readonly chance: Chance;
  readonly bytes: number;
  readonly deadlineAt: number;
  readonly money?: Money;
  readonly able?: (lane: Lane) => boolean;
  /** Not for what changes something. */
  readonly mayHedge?: boolean;
  readonly isWorthIt?: IsWorthIt;
  /** Whether sleeping backends are woken in the background. */
  readonly wakes?: boolean;
};

/** Retries wait up to so long, so that those who failed together do not come back together. */
const jitterMs = 5;

const minHedgeMs = 5;

/** Who waits for an instance to start looks so often whether somebody else has woken before. */
const coldLookMs = 100;

/** Who waits looks by itself so often, since other routes use the same backends. */
const lineMs = 25;

/** So many of those in line are told at once of room. */
const mostTold = 3;

/**
 * One request's way to an answer. It is in one of these states:
 *
 *   PAUSED  everyone is full, or a try failed; the next leaves in a moment
 *   ASKING  one try is out, or two of which the first answer counts
 *   ENDED   answered or failed; what still comes back is only learned from
 */
export class Pursuit {
  readonly tries: Try[] = [];
  readonly #options: PursuitOptions;
  #out = 0;
  #startedAt = 0;
  #nextAt = Number.POSITIVE_INFINITY;
  #retryAfterMs: number | undefined;
  #hedged = false;
  #ended = false;

  constructor(options: PursuitOptions) {
    this.#options = options;
  }

  begin(now: number): void {
    const { pool } = this.#options;
    pool.hedges.earn();
    pool.retries.earn();
    this.#startedAt = now;
    this.#try(now);
  }

  answered(made: Try, now: number): void {
    if (made.state !== "out") return;
    this.#close(made, "answered", now);
    learnFromAnswer(made, now);
    if (!this.#ended) {
      this.#ended = true;
      this.#options.pool.usual.place = made.lane.place;
      this.#abandonAll(now);
      this.#options.doer.end({ kind: "answered", by: made });
    }
    this.#tellNext(now);
  }

  failed(made: Try, failure: TryFailure, now: number): void {
    if (made.state !== "out") return;
    this.#close(made, "failed", now);
    learnFromFailure(made, failure, now);
    if (!this.#ended) this.#goOn(failure, now);
    this.#tellNext(now);
  }

  #goOn(failure: TryFailure, now: number): void {
    const { retryAfterMs = Number.POSITIVE_INFINITY } = failure;
    if (retryAfterMs < (this.#retryAfterMs ?? Number.POSITIVE_INFINITY)) this.#retryAfterMs = retryAfterMs;
    if (this.#out > 0 && failure.retryable) return;
    if (failure.retryable && this.#mayRetry()) this.#pause(now, jitterMs);
    else this.#fail(now);
  }

  onTime(now: number): void {
    if (this.#ended) return;
    if (this.#out > 0) this.#lookAtSlow(now);
    else if (now >= this.#nextAt) this.#try(now);
    // Timers may be a moment early.
    else this.#options.doer.callAt(this.#nextAt);
  }

  /** Somebody has answered, and may take this one next. */
  onRoom(now: number): boolean {
    if (!this.#ended) this.#try(now);
    return !this.#options.pool.line.has(this);
  }

  /** The caller left, or the time is up. */
  giveUp(now: number): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.pool.line.delete(this);
    this.#abandonAll(now);
    this.#tellNext(now);
  }

  #mayRetry(): boolean {
    const { terms, retries } = this.#options.pool;
    return this.tries.length < terms.retry.attempts && retries.take();
  }

  #pause(now: number, mostMs: number): void {
    this.#nextAt = now + mostMs * (0.2 + 0.8 * this.#options.chance.number());
    this.#options.doer.callAt(this.#nextAt);
  }

  #try(now: number): void {
    const { pool, choose, chance, deadlineAt } = this.#options;
    const choice = choose(pool, this.#ask(now), chance);
    const waiting = howToWait(choice, { pool, now, startedAt: this.#startedAt, deadlineAt });
    if (!waiting) {
      this.#go(choice, now);
      return;
    }
    if (now === this.#startedAt) noteWaiting(pool);
    // Who is in line already keeps its place.
    if (waiting === "in line") pool.line.add(this);
    else pool.line.delete(this);
    this.#pause(now, lineMs);
  }

  #go(choice: Choice | undefined, now: number): void {
    const isFirst = this.tries.length === 0;
    this.#options.pool.line.delete(this);
    if (isFirst) this.#considerWaking(choice, now);
    if (choice) this.#send(isFirst ? "first" : "retry", choice, now);
    else this.#fail(now);
  }

  #send(kind: Try["kind"], choice: Choice, now: number): void {
    const { doer } = this.#options;
    const { standing } = choice.lane;
    const waitMs = standing.warmth.waitMs(now);
    const made: Try = {
      ...choice,
      ...{ kind, sentAt: now, waitMs, state: "out", endedAt: now, isSilent: false },
    };
    this.tries.push(made);
    this.#out += 1;
    standing.inFlight += 1;
    standing.spending.hold(made.costUsd);
    standing.warmth.started(now);
    doer.send(made);
    if (made.state === "out" && kind !== "hedge")
      doer.callAt(now + (waitMs > 0 ? coldLookMs : Math.max(minHedgeMs, this.#slowAfterMs(made))));
  }

  #considerWaking(choice: Choice | undefined, now: number): void {
    const { pool, doer, wakes = true } = this.#options;
    const woken = wakes ? considerWaking(pool, choice, this.#ask(now)) : undefined;
    if (!woken) return;
    woken.lane.standing.warmth.started(now);
    doer.wake(woken.lane, woken.requests, woken.usd);
  }

  #ask(now: number, isSecond = false): ChoiceAsk {
    const { bytes, deadlineAt, able, money } = this.#options;
    const tried = this.tries.length === 0 ? none : this.tries.map(({ lane }) => lane);
    return { now, deadlineAt, bytes, tried, able, money, isSecond };
  }

  #slowAfterMs(made: Try): number {
    return slowAfterMs(made, this.#options.pool.terms.hedge?.quantile ?? 0.95);
  }

  /** The answer is later than almost all are, and another copy may be worth it. */
  #lookAtSlow(now: number): void {
    const out = this.tries.filter(({ state }) => state === "out");
    const nextMs = Math.min(...out.map((made) => this.#lookAt(made, now)));
    const last = out.at(-1);
    // Who waits for several that are all silent waits for nobody.
    if (last && (!this.#hedged || out.every(({ isSilent }) => isSilent))) this.#hedge(last, now);
    this.#options.doer.callAt(now + Math.max(minHedgeMs, nextMs));
  }

  /** That it is late says something of its backend. Later looks come at growing distances, up to a handful of them. */
  #lookAt(made: Try, now: number): number {
    const ms = now - made.sentAt;
    const slowMs = this.#slowAfterMs(made);
    if (made.kind !== "first" && ms < slowMs) return slowMs - ms;
    learnFromSilence(made, now);
    blameForSilence(made, slowMs, now);
    return made.waitMs > ms ? coldLookMs : ms / 2;
  }

  #hedge(made: Try, now: number): void {
    const { pool, choose, chance, isWorthIt = isWorthACopy, deadlineAt } = this.#options;
    const { money = pool.terms.money } = this.#options;
    if (!this.#mayHedge(made)) return;
    const choice = choose(pool, this.#ask(now, true), chance);
    if (!choice || choice.verdict === "chosen in panic") return;
    if (!choice.lane.standing.warmth.isAwake(now)) return;
    const { scarcity } = pool.hedges;
    if (!isWorthIt(made, choice, { money, now, deadlineAt, scarcity })) return;
    if (this.#hedged || !pool.hedges.take()) pool.retries.take();
    this.#send(this.#hedged ? "retry" : "hedge", choice, now);
    this.#hedged = true;
  }

  /** Whoever waits for a backend that has gone silent is sent elsewhere as if it had failed. */
  #mayHedge({ isSilent }: Try): boolean {
    const { pool, bytes, mayHedge = true } = this.#options;
    const { hedge, retry } = pool.terms;
    if (!mayHedge || !hedge || bytes > hedge.mostBytes || this.tries.length >= retry.attempts) return false;
    return (!this.#hedged && pool.hedges.tokens >= 1) || (isSilent && pool.retries.tokens >= 1);
  }

  #close(made: Try, state: Try["state"], now: number): void {
    made.state = state;
    made.endedAt = now;
    this.#out -= 1;
    const { standing } = made.lane;
    standing.inFlight -= 1;
    // What nothing was done for costs nothing: refused at once, or never reached.
    standing.spending.settle(made.costUsd, state === "failed" ? 0 : made.costUsd, now);
  }

  /** Those in line, a few of them, since what has become free may not be for the first. */
  #tellNext(now: number): void {
    let told = 0;
    for (const next of this.#options.pool.line) {
      if (next.onRoom(now) || ++told === mostTold) return;
    }
  }

  #abandonAll(now: number): void {
    for (const made of this.tries) {
      if (made.state !== "out") continue;
      this.#close(made, "abandoned", now);
      learnFromSilence(made, now);
      this.#options.doer.abort(made);
    }
  }

  #fail(now: number): void {
    this.#ended = true;
    this.#abandonAll(now);
    this.#options.doer.end({
      kind: "failed",
      last: this.tries.at(-1),
      retryAfterMs: this.#retryAfterMs,
    });
  }
}

const none: readonly Lane[] = [];
