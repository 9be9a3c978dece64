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
 * awake, may cost more. It lives as long as the backend is in any configuration; under other terms there is another one
 * of it, which has in common with this one whatever the terms do not change.
 */
export class Standing {
  readonly name: string;
  readonly terms: Terms;
  readonly breaker: Breaker;
  readonly warmth: Warmth;
  readonly spending: Spending;
  readonly #eject: EjectTerms;
  readonly #there: There;

  constructor(name: string, terms: Terms, { eject, chance, before, spending }: StandingOptions) {
    this.name = name;
    this.terms = terms;
    this.#eject = eject;
    this.#there = before ? before.#there : nobodyThere();
    this.breaker =
      before && isSameEjection(before.#eject, eject) ? before.breaker : new Breaker(eject, chance);
    this.warmth = before && areAsWarm(before.terms, terms) ? before.warmth : new Warmth(terms);
    this.spending = new Spending(terms.budget, spending ?? before?.spending);
  }

  /** Requests of this gateway that are there now. */
  get inFlight(): number {
    return this.#there.inFlight;
  }

  set inFlight(count: number) {
    this.#there.inFlight = count;
  }

  /** How many will be there with one more, as far as is known. */
  load(now: number): number {
    const there = this.#there;
    return there.inFlight + elsewhere(there, now) + 1;
  }

  /** How many of this gateway are there as a rule: told to the others, since one moment says little. */
  get usual(): number {
    return this.#there.usual;
  }

  /** Looks how many are there, ten times a second. */
  look(): void {
    const there = this.#there;
    there.usual += (there.inFlight - there.usual) * usualPace;
  }

  /** How many gateways there are, this one included. */
  shareAmong(gateways: number): void {
    this.#there.others = Math.max(0, gateways - 1);
    this.spending.shareAmong(gateways);
  }

  /** Requests of other gateways, as they last told. */
  heardRemote(inFlight: number, now: number): void {
    const there = this.#there;
    there.remote = Math.min(inFlight, mostElsewhere);
    there.remoteUntil = now + remoteMs;
    there.isAssumed = false;
    there.burstFrom = there.usual + 2 * Math.sqrt(there.usual + 1);
    const alike = (inFlight + alikeAtLeast * there.others) / (there.usual + alikeAtLeast);
    there.alike = Math.min(there.others, alike);
  }

  /** Nobody has told anything for a while: each of the others is taken to have as many there as this gateway. */
  heardNobody(now: number): void {
    const there = this.#there;
    if (now < there.remoteUntil && !there.isAssumed) return;
    this.heardRemote(there.usual * there.others, now);
    there.isAssumed = true;
  }
}

type StandingOptions = {
  readonly eject: EjectTerms;
  readonly chance: Chance;
  /** The same backend under other terms. */
  readonly before?: Standing | undefined;
  /** What its provider has cost, if others of it did. */
  readonly spending?: Spending | undefined;
};

/** Who is there now, of this gateway and of the others. */
type There = {
  inFlight: number;
  usual: number;
  others: number;
  remote: number;
  remoteUntil: number;
  isAssumed: boolean;
  /** From how many on it is a burst and no chance, and how much the others are like this gateway. */
  burstFrom: number;
  alike: number;
};

function nobodyThere(): There {
  const remoteUntil = Number.NEGATIVE_INFINITY;
  return {
    ...{ inFlight: 0, usual: 0, others: 0, remote: 0, remoteUntil },
    ...{ isAssumed: false, burstFrom: 0, alike: 0 },
  };
}

/**
 * What others told is a second old, which is a long time: bursts come to all of them, so where this gateway has more
 * than chance would bring, they are taken to have more too, as far as they were like it.
 */
function elsewhere({ inFlight, others, remote, remoteUntil, burstFrom, alike }: There, now: number): number {
  if (now >= remoteUntil) return inFlight * others;
  const burst = Math.max(0, inFlight - burstFrom) * alike;
  return Math.min(mostElsewhere, Math.round(remote + burst));
}

function isSameEjection(one: EjectTerms, other: EjectTerms): boolean {
  return one.after === other.after && one.baseMs === other.baseMs && one.mostMs === other.mostMs;
}

/** Whether instances come and go by the same rules. */
function areAsWarm(one: Terms, other: Terms): boolean {
  const isSame = one.billing === other.billing && one.perInstance === other.perInstance;
  return isSame && one.idleMs === other.idleMs && one.coldMs === other.coldMs;
}
