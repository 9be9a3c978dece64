import type { Chance } from "#infra/runtime/chance.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { createHourlyPurse, type HourlyPurse, type Taken } from "./hourly-purse.ts";

/** Why a second backend is asked: to watch over the answers of peers, or to try a candidate in the shadow. */
export type Purpose = "agreement" | "shadow";

export type SampleTerms = {
  readonly what: Purpose;
  /** Of all requests of the route, 0 to 1; 0 is off. */
  readonly share: number;
  /** Infinity where only the backends' own budgets bound it. */
  readonly usdPerHour: number;
  /** Larger images are not sent twice; Infinity sends any. */
  readonly mostBytes: number;
};

export type SampleFacts = {
  /** The route, as its owner names it: each has its own money. */
  readonly route: string;
  /** Who answers the request. */
  readonly first: string;
  /** Who may be asked too, the first left out or not; those that are flagged stay, or they could never show that they are well again. */
  readonly peers: readonly Peer[];
  readonly bytes: number;
  /** Whether all the route's capacity is needed for those who wait. */
  readonly isSaturated: boolean;
};

export type Peer = {
  readonly backend: string;
  /** What asking it is thought to cost, egress included. */
  readonly usd: number;
  /** How many images it was compared with the first by: who is known least is asked. */
  readonly samples: number;
};

/** A line of the ledger. */
export type Spent = { readonly what: Purpose; readonly usd: number };

export type Sample = {
  readonly backend: string;
  /** What was taken for it beforehand. */
  readonly usd: number;
  /** Ends it, once, with what it really cost; without a sum it cost what was thought. */
  readonly settle: (usd?: number) => Spent;
};

export type Sampler = {
  /** The second backend to ask, its price taken from the route's budget; undefined where nobody is to be. */
  readonly pick: (facts: SampleFacts, terms: SampleTerms) => Sample | undefined;
  /** In the last hour. */
  readonly spentInHour: (route: string, what: Purpose) => number;
};

export type SamplerOptions = {
  readonly clock: Pick<Clock, "elapsed">;
  readonly chance: Pick<Chance, "number">;
  readonly mostRoutes?: number;
};

export function createSampler({ clock, chance, mostRoutes = 10_000 }: SamplerOptions): Sampler {
  const purses = new Map<string, HourlyPurse>();
  const purseOf = (route: string, what: Purpose): HourlyPurse | undefined => {
    const key = `${what} ${route}`;
    const known = purses.get(key);
    // A purse that were forgotten would be full again.
    if (known || purses.size >= mostRoutes) return known;
    const purse = createHourlyPurse(clock);
    purses.set(key, purse);
    return purse;
  };
  return {
    pick: (facts, terms) => {
      const isDrawn = chance.number() < terms.share;
      if (!isDrawn || facts.isSaturated || !(facts.bytes <= terms.mostBytes)) return undefined;
      const peer = leastKnown(facts, chance);
      if (!peer) return undefined;
      const taken = purseOf(facts.route, terms.what)?.take(peer.usd, terms.usdPerHour);
      return taken && sampleOf(peer, taken, terms.what);
    },
    spentInHour: (route, what) => purses.get(`${what} ${route}`)?.spentInHour() ?? 0,
  };
}

/** Among equals any, each as likely as the others. */
function leastKnown({ peers, first }: SampleFacts, chance: Pick<Chance, "number">): Peer | undefined {
  let found: Peer | undefined;
  let ties = 0;
  for (const peer of peers) {
    if (peer.backend === first || (found && peer.samples > found.samples)) continue;
    ties = found && peer.samples === found.samples ? ties + 1 : 1;
    if (ties === 1 || chance.number() * ties < 1) found = peer;
  }
  return found;
}

function sampleOf({ backend, usd }: Peer, taken: Taken, what: Purpose): Sample {
  let spent: Spent | undefined;
  const settle: Sample["settle"] = (real = usd) => {
    if (spent) return spent;
    taken.settle(real);
    spent = { what, usd: real };
    return spent;
  };
  return { backend, usd, settle };
}
