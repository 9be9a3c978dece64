import type { Terms } from "#adapters/terms.ts";

/** How fast the memory of how long a cold start takes follows. */
const coldPace = 0.3;

/** It is taken for asleep a little before it may be. */
const caution = 0.9;

/** The part of its idle time after an answer in which what is asked beside requests may still come. */
const inUse = 0.1;

/**
 * Whether a backend that may sleep is awake, and how much of it. It is in one of these states:
 *
 *   ASLEEP   not asked for so long that its instances are gone; the next request would wait for a new one
 *   WAKING   somebody asked, and the first answer is not here yet
 *   AWAKE    answered lately: as much at once as it did lately goes without a new instance
 *
 * What is always there is always AWAKE.
 */
export class Warmth {
  readonly #terms: Terms;
  readonly #sleeps: boolean;
  #awakeUntil: number;
  #wakesAt = Number.NEGATIVE_INFINITY;
  #expectedAt = Number.NEGATIVE_INFINITY;
  #coldMs: number;
  #most: number;
  #mostAt = 0;
  #lastStartAt = Number.NEGATIVE_INFINITY;

  constructor(terms: Terms) {
    this.#terms = terms;
    this.#sleeps = terms.billing !== "provisioned" && terms.coldMs > 0;
    this.#awakeUntil = this.#sleeps ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    this.#coldMs = terms.coldMs;
    this.#most = terms.perInstance;
  }

  get sleeps(): boolean {
    return this.#sleeps;
  }

  get coldMs(): number {
    return this.#coldMs;
  }

  get awakeUntil(): number {
    return this.#awakeUntil;
  }

  isAwake(now: number): boolean {
    return now < this.#awakeUntil;
  }

  /** It is awake for somebody's images of this moment, so that one more keeps it hardly any longer. */
  isInUse(now: number): boolean {
    return this.#awakeUntil - now > (caution - inUse) * this.#terms.idleMs || !this.#sleeps;
  }

  isWaking(now: number): boolean {
    return now < this.#expectedAt + 1.5 * this.#coldMs || (!this.isAwake(now) && now < this.#wakesAt);
  }

  /** What a request that leaves now waits for an instance. */
  waitMs(now: number): number {
    if (this.isAwake(now)) return 0;
    return now < this.#wakesAt ? this.#wakesAt - now : this.#coldMs;
  }

  /** As many at once as instances that stand now have room for, as far as is known. */
  most(now: number): number {
    if (!this.#sleeps) return Number.POSITIVE_INFINITY;
    const { idleMs, perInstance } = this.#terms;
    return now - this.#mostAt > idleMs ? perInstance : this.#most;
  }

  /** Milliseconds that the next request adds to an instance's life. */
  lengthensMs(now: number): number {
    return Math.min(Math.max(0, now - this.#lastStartAt), this.#terms.idleMs);
  }

  started(now: number): void {
    this.#lastStartAt = now;
    if (!this.#sleeps || this.isAwake(now) || now < this.#wakesAt) return;
    this.#wakesAt = now + this.#coldMs;
  }

  /** When all of that was last used, or asked to stay. */
  get mostAt(): number {
    return this.#mostAt;
  }

  /** Somebody has asked all of it to stay. */
  counted(now: number): void {
    this.#mostAt = now;
  }

  /** Somebody has asked for more of it. */
  expect(now: number): void {
    this.#expectedAt = now;
  }

  /** So many requests that only wake were answered together: there is room for as many. */
  woke(now: number, requests: number, ms: number): void {
    const isCold = ms > 0.3 * this.#coldMs;
    this.answered(now, requests, isCold ? ms : undefined);
  }

  /** An answer came; `isCold` where it had waited for an instance. */
  answered(now: number, load: number, coldMs: number | undefined): void {
    if (!this.#sleeps) return;
    if (coldMs !== undefined) this.#coldMs += (coldMs - this.#coldMs) * coldPace;
    this.#awakeUntil = Math.max(this.#awakeUntil, now + caution * this.#terms.idleMs);
    if (load < this.most(now) - this.#terms.perInstance) return;
    this.#most = Math.max(this.most(now), load);
    this.#mostAt = now;
  }

  /** What another gateway knows. */
  heard(awakeUntil: number, most: number, now: number): void {
    if (!this.#sleeps) return;
    this.#awakeUntil = Math.max(this.#awakeUntil, awakeUntil);
    if (most <= this.most(now)) return;
    this.#most = most;
    this.#mostAt = now;
  }
}
