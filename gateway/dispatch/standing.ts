import type { Terms } from "#adapters/terms.ts";
import type { Chance } from "#infra/runtime/chance.ts";
import { Breaker } from "./breaker.ts";
import { Spending } from "./spending.ts";
import type { EjectTerms } from "./terms.ts";
import { Warmth } from "./warmth.ts";

/** What others have there is forgotten when nobody tells of it any more. */
const remoteMs = 2_500;

/** Of ten looks a second, about the last five count. */
const usualPace = 0.2;

/** No backend has more; whoever tells of more is mistaken. */
const mostElsewhere = 30_000;

/** Two that have nothing there are taken to be alike, up to so much. */
const alikeAtLeast = 0.1;

/**
 * One backend as this gateway knows it, whatever model it is asked for: what is under way there, whether it rests, is
 * awake, may cost more. It lives as long as the backend is in any configuration.
 */
export class Standing {
  readonly name: string;
  readonly terms: Terms;
  readonly breaker: Breaker;
  readonly warmth: Warmth;
  readonly spending: Spending;
  /** Requests of this gateway that are there now. */
  inFlight = 0;
  #usual = 0;
  #others = 0;
  #remote = 0;
  #remoteUntil = Number.NEGATIVE_INFINITY;
  #isAssumed = false;
  /** From how many on it is a burst and no chance, and how much the others are like this gateway. */
  #burstFrom = 0;
  #alike = 0;

  constructor(name: string, terms: Terms, { eject, chance, before }: StandingOptions) {
    this.name = name;
    this.terms = terms;
    this.breaker = new Breaker(eject, chance);
    this.warmth = new Warmth(terms);
    this.spending = new Spending(terms.budget, before?.spending);
  }

  /** How many will be there with one more, as far as is known. */
  load(now: number): number {
    return this.inFlight + this.#elsewhere(now) + 1;
  }

  /** How many of this gateway are there as a rule: told to the others, since one moment says little. */
  get usual(): number {
    return this.#usual;
  }

  /** Looks how many are there, ten times a second. */
  look(): void {
    this.#usual += (this.inFlight - this.#usual) * usualPace;
  }

  /** How many gateways there are, this one included. */
  shareAmong(gateways: number): void {
    this.#others = Math.max(0, gateways - 1);
    this.spending.shareAmong(gateways);
  }

  /** Requests of other gateways, as they last told. */
  heardRemote(inFlight: number, now: number): void {
    this.#remote = Math.min(inFlight, mostElsewhere);
    this.#remoteUntil = now + remoteMs;
    this.#isAssumed = false;
    this.#burstFrom = this.#usual + 2 * Math.sqrt(this.#usual + 1);
    const alike = (inFlight + alikeAtLeast * this.#others) / (this.#usual + alikeAtLeast);
    this.#alike = Math.min(this.#others, alike);
  }

  /** Nobody has told anything for a while: each of the others is taken to have as many there as this gateway. */
  heardNobody(now: number): void {
    if (now < this.#remoteUntil && !this.#isAssumed) return;
    this.heardRemote(this.#usual * this.#others, now);
    this.#isAssumed = true;
  }

  /**
   * What others told is a second old, which is a long time: bursts come to all of them, so where this gateway has more
   * than chance would bring, they are taken to have more too, as far as they were like it.
   */
  #elsewhere(now: number): number {
    if (now >= this.#remoteUntil) return this.inFlight * this.#others;
    const burst = Math.max(0, this.inFlight - this.#burstFrom) * this.#alike;
    return Math.min(mostElsewhere, Math.round(this.#remote + burst));
  }
}

type StandingOptions = {
  readonly eject: EjectTerms;
  readonly chance: Chance;
  /** The same backend under other terms: what it has cost stays. */
  readonly before?: Standing | undefined;
};
