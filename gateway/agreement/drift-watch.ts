import { type Standing, standingsOf } from "./blame.ts";
import { addTo, type Compared, edgeOf, type KnownPair, openPair, verdictOf } from "./known-pair.ts";

export type { Compared } from "./known-pair.ts";

export type Turned = Standing & { readonly model: string; readonly backend: string };

/** What is known of two backends of a model, the newest images counting most. */
export type PairReport = {
  readonly backend: string;
  readonly peer: string;
  readonly samples: number;
  readonly agreement: number;
  readonly scoreDifference: number | undefined;
};

export type Decision = { readonly flagged: boolean; readonly eject: boolean; readonly why: string };

export type DriftWatchOptions = {
  /** Nobody is judged by fewer images. */
  readonly leastSamples?: number;
  /** A pair that agrees as little as the route allows is taken for a worse one once in so many images, on average. */
  readonly falseAlarmOnceIn?: number;
  /** Pairs of backends, of all models; beyond it the one that was compared longest ago is forgotten. */
  readonly mostPairs?: number;
};

type Model = {
  readonly pairs: Map<string, KnownPair>;
  readonly candidates: Set<string>;
  standings: ReadonlyMap<string, Standing>;
};

const usual = { leastSamples: 20, falseAlarmOnceIn: 1_000_000, mostPairs: 10_000 };

const unknown: Standing = { state: "unknown", blamed: false, against: [] };

/**
 * Whether each backend of a model answers as its peers do. A pair (model, backend) is in one of these states, and only
 * `learn` and `forget` move it:
 *
 *   UNKNOWN  not compared often enough to say
 *   AGREES   shown to agree with a peer, and not shown to disagree with any that is not itself to blame
 *   DRIFTS   shown to disagree with a peer; blamed where it is clear that it is not the peer (see blame.ts), and back to
 *            AGREES once newer images show so
 *
 * Shown means by a test that may look after every image: see evidence.ts. Images that come one after the other from one
 * camera are much alike, and then say less than their number.
 */
export class DriftWatch {
  readonly #options: Required<DriftWatchOptions>;
  readonly #models = new Map<string, Model>();
  /** All pairs, the one that was compared longest ago first; each leads to its model. */
  readonly #byAge = new Map<string, string>();

  constructor(options: DriftWatchOptions = {}) {
    this.#options = { ...usual, ...options };
  }

  /** Returns whose standing turned by it. */
  learn(compared: Compared): readonly Turned[] {
    const { model: name, backend, peer, candidate, agreement } = compared;
    if (backend === peer || Number.isNaN(agreement)) return [];
    const model = this.#modelOf(name);
    if (candidate !== undefined) model.candidates.add(candidate);
    else for (const one of [backend, peer]) model.candidates.delete(one);
    const pair = this.#pairOf(name, model, backend, peer);
    addTo(pair, compared);
    const before = pair.verdict;
    pair.verdict = verdictOf(pair, this.#options);
    if (pair.verdict === before && !isAnyLow(model)) return [];
    if (pair.verdict !== before) for (const evidence of [pair.below, pair.above]) evidence.clear();
    return this.#judge(name, model);
  }

  standing(model: string, backend: string): Standing {
    return this.#models.get(model)?.standings.get(backend) ?? unknown;
  }

  /** What is to be done about it, where the route wants the blamed ejected or not. */
  decide(model: string, backend: string, { eject }: { readonly eject: boolean }): Decision {
    const { state, blamed, against } = this.standing(model, backend);
    const flagged = state === "drifts";
    return { flagged, eject: eject && flagged && blamed, why: whyOf(state, blamed, against) };
  }

  /** How many images two backends have been compared by. */
  samples(model: string, backend: string, peer: string): number {
    return this.#models.get(model)?.pairs.get(pairKey(backend, peer))?.samples ?? 0;
  }

  report(model: string): readonly PairReport[] {
    const pairs = this.#models.get(model)?.pairs.values() ?? [];
    return Array.from(pairs, ({ backend, peer, samples, agreement, scored, scoreDifference }) => ({
      backend,
      peer,
      samples,
      agreement,
      scoreDifference: scored > 0 ? scoreDifference : undefined,
    }));
  }

  /** For a backend that is another now: new weights, a new version, gone. */
  forget(model: string, backend: string): readonly Turned[] {
    const known = this.#models.get(model);
    if (!known) return [];
    known.candidates.delete(backend);
    for (const [key, pair] of known.pairs) {
      if (pair.backend === backend || pair.peer === backend) this.#drop(model, known, key);
    }
    const turned = this.#judge(model, known);
    if (known.pairs.size === 0) this.#models.delete(model);
    return turned;
  }

  #modelOf(name: string): Model {
    const known = this.#models.get(name);
    if (known) return known;
    const model: Model = { pairs: new Map(), candidates: new Set(), standings: new Map() };
    this.#models.set(name, model);
    return model;
  }

  #pairOf(name: string, model: Model, backend: string, peer: string): KnownPair {
    const key = pairKey(backend, peer);
    const age = ageKey(name, key);
    this.#byAge.delete(age);
    this.#byAge.set(age, name);
    const pair = model.pairs.get(key) ?? openPair(backend, peer);
    model.pairs.set(key, pair);
    if (this.#byAge.size > this.#options.mostPairs) this.#dropOldest();
    return pair;
  }

  #dropOldest(): void {
    for (const [age, name] of this.#byAge) {
      const model = this.#models.get(name);
      if (model) this.#drop(name, model, age.slice(ageKey(name, "").length));
      if (model) this.#judge(name, model);
      if (model?.pairs.size === 0) this.#models.delete(name);
      return;
    }
  }

  #drop(name: string, model: Model, key: string): void {
    model.pairs.delete(key);
    this.#byAge.delete(ageKey(name, key));
  }

  #judge(name: string, model: Model): readonly Turned[] {
    const edges = Array.from(model.pairs.values(), (pair) => edgeOf(pair, this.#options.leastSamples));
    const before = model.standings;
    model.standings = standingsOf(edges, model.candidates);
    const turned: Turned[] = [];
    for (const backend of new Set([...before.keys(), ...model.standings.keys()])) {
      const [old, standing] = [before.get(backend) ?? unknown, model.standings.get(backend) ?? unknown];
      if (old.state === standing.state && old.blamed === standing.blamed) continue;
      turned.push({ model: name, backend, ...standing });
    }
    return turned;
  }
}

function isAnyLow({ pairs }: Model): boolean {
  for (const { verdict } of pairs.values()) if (verdict === "low") return true;
  return false;
}

function whyOf(state: Standing["state"], blamed: boolean, against: readonly string[]): string {
  if (state === "unknown") return "not compared with others often enough";
  if (state === "agrees") return "its answers agree with its peers'";
  const whom = against.slice(0, 3).join(", ") + (against.length > 3 ? " and others" : "");
  if (blamed) return `its answers differ from those of ${whom}, which nothing else speaks against`;
  return `its answers differ from those of ${whom}; which of them is wrong cannot be told, so that none is ejected`;
}

/** The same for either order. */
function pairKey(backend: string, peer: string): string {
  return backend < peer ? JSON.stringify([backend, peer]) : JSON.stringify([peer, backend]);
}

function ageKey(model: string, pair: string): string {
  return `${JSON.stringify(model)} ${pair}`;
}
