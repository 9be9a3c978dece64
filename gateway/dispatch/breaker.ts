import type { Chance } from "#infra/runtime/chance.ts";
import type { EjectTerms } from "./terms.ts";

/** A success makes up for so much of an earlier ejection. */
const forgiven = 0.005;

/** Who says that it is ready rests no longer than this. */
const leastRestMs = 1_000;

/** Other gateways' bad news counts for so long. */
const rumourMs = 5_000;

/**
 * Whether one backend is used. It is in one of these states:
 *
 *   CLOSED   used as much as its speed and price make it worth
 *   RESTING  ejected after failures in a row, longer each time; asked by nobody unless nobody else is left
 *   TRYING   its rest is over, or another gateway ejected it: one request at a time shows whether it is back
 *   RAMPING  back: may have twice as many at once after each answer, until that is no bound any more
 *   FULL     said when it takes requests again; that is no failure, and nothing is learned from it
 */
export class Breaker {
  readonly #terms: EjectTerms;
  readonly #chance: Chance;
  #failures = 0;
  #ejections = 0;
  #ejectedAt = Number.NEGATIVE_INFINITY;
  #restsUntil = Number.NEGATIVE_INFINITY;
  #fullUntil = Number.NEGATIVE_INFINITY;
  #rumourUntil = Number.NEGATIVE_INFINITY;
  #most = Number.POSITIVE_INFINITY;
  #news = 0;

  constructor(terms: EjectTerms, chance: Chance) {
    this.#terms = terms;
    this.#chance = chance;
  }

  /** Requests that it may have at once now: 0 while it rests or is full. */
  most(now: number): number {
    if (now < this.#restsUntil || now < this.#fullUntil) return 0;
    return now < this.#rumourUntil ? 1 : this.#most;
  }

  isResting(now: number): boolean {
    return now < this.#restsUntil;
  }

  get restsUntil(): number {
    return this.#restsUntil;
  }

  /** When it takes requests again, as far as it has said. */
  get fullUntil(): number {
    return this.#fullUntil;
  }

  /** How often it was ejected or became full here: others are told when that grows. */
  get news(): number {
    return this.#news;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#ejections = Math.max(0, this.#ejections - forgiven);
    this.#rumourUntil = Number.NEGATIVE_INFINITY;
    if (this.#most !== Number.POSITIVE_INFINITY)
      this.#most = this.#most >= 64 ? Number.POSITIVE_INFINITY : this.#most * 2;
  }

  /** Answers whether this failure ejected it. */
  failed(now: number): boolean {
    this.#failures += 1;
    const isTrial = this.#most === 1;
    if (now < this.#restsUntil || (this.#failures < this.#terms.after && !isTrial)) return false;
    const { baseMs, mostMs } = this.#terms;
    const rest = Math.min(mostMs, baseMs * 2 ** Math.floor(this.#ejections));
    this.#restsUntil = now + rest * (1 + 0.2 * this.#chance.number());
    this.#ejections += 1;
    this.#ejectedAt = now;
    this.#news += 1;
    this.#failures = 0;
    this.#most = 1;
    return true;
  }

  full(now: number, forMs: number): void {
    if (now >= this.#fullUntil) this.#news += 1;
    this.#fullUntil = Math.max(this.#fullUntil, now + forMs);
  }

  /** Another gateway has ejected it or found it full, which may be true only of the way from there. */
  rumour(now: number): void {
    this.#rumourUntil = now + rumourMs;
  }

  /** It says that it is ready: the next request may try soon, though not at once, since many say so that fail all the same. */
  ready(): void {
    this.#restsUntil = Math.min(this.#restsUntil, this.#ejectedAt + leastRestMs);
  }
}
