import type { Prior, Terms } from "#adapters/terms.ts";
import type { Chance } from "#infra/runtime/chance.ts";
import { providerOf } from "../fleet/name-backends.ts";
import { LatencyModel } from "./latency-model.ts";
import type { Spending } from "./spending.ts";
import { Standing } from "./standing.ts";
import type { EjectTerms } from "./terms.ts";

/**
 * What is known of backends, by their names: it outlives configurations, so that one that stays is not a stranger after a
 * change. New terms are believed at once; what was learned of a backend's speed and what it has cost stay.
 */
export type KnownBackends = {
  readonly standing: (name: string, terms: Terms, eject: EjectTerms) => Standing;
  /** A new one of a provider is believed to be like those that the provider has already. */
  readonly latency: (name: string, model: string) => LatencyModel;
  /** Whether a question would wake it, or keep it awake though nobody needs it. */
  readonly isAsleep: (name: string, now: number) => boolean;
  readonly all: () => readonly Standing[];
  readonly latencies: () => readonly KnownLatency[];
  /** What no configuration names any more is forgotten; what a provider has cost stays for as long as one has the provider. */
  readonly keepOnly: (names: ReadonlySet<string>, providers?: ReadonlySet<string>) => void;
};

export type KnownLatency = {
  readonly backend: string;
  readonly model: string;
  readonly latency: LatencyModel;
};

/** A question may add so much to an instance's life: who is asked for images hears of it anyway. */
const mostLengthenedMs = 5_000;

type Known = {
  /** As it was last asked for. */
  standing: Standing;
  /** By the terms of ejection: routes that share a backend may have their own, and share all else of it. */
  readonly byEjection: Map<string, { readonly standing: Standing; readonly terms: string }>;
  models: Map<string, LatencyModel>;
};

/** As many terms of ejection are remembered of a backend. */
const mostEjections = 64;

export function createKnownBackends({ chance }: { readonly chance: Chance }): KnownBackends {
  const known = new Map<string, Known>();
  /** By provider, since a budget is for all of its backends, however many come and go. */
  const spent = new Map<string, Spending>();
  const open = (name: string, terms: Terms, eject: EjectTerms): Standing => {
    const before = known.get(name);
    const byEjection: Known["byEjection"] = before?.byEjection ?? new Map();
    const [told, key] = [JSON.stringify(terms), JSON.stringify(eject)];
    const found = byEjection.get(key);
    const isSame = found?.terms === told;
    const of = found?.standing ?? before?.standing;
    const spending = spent.get(providerOf(name));
    const standing = isSame
      ? found.standing
      : new Standing(name, terms, { eject, chance, before: of, spending });
    spent.set(providerOf(name), standing.spending);
    const isOther = JSON.stringify(before?.standing.terms.prior) !== JSON.stringify(terms.prior);
    byEjection.delete(key);
    byEjection.set(key, { standing, terms: told });
    for (const oldest of byEjection.keys()) if (byEjection.size > mostEjections) byEjection.delete(oldest);
    const models = isOther ? new Map<string, LatencyModel>() : (before?.models ?? new Map());
    known.set(name, { standing, byEjection, models });
    return standing;
  };
  return {
    standing: open,
    latency: (name, model) => {
      const found = known.get(name);
      const latency =
        found?.models.get(model) ??
        new LatencyModel(likeSiblings(known, name, model) ?? found?.standing.terms.prior);
      found?.models.set(model, latency);
      return latency;
    },
    isAsleep: (name, now) => {
      const { warmth, breaker } = known.get(name)?.standing ?? {};
      if (!warmth?.sleeps) return false;
      const isAlone = warmth.lengthensMs(now) > mostLengthenedMs && !breaker?.isResting(now);
      return isAlone || !warmth.isAwake(now);
    },
    all: () => [...known.values()].map(({ standing }) => standing),
    latencies: () =>
      [...known].flatMap(([backend, { models }]) =>
        [...models].map(([model, latency]) => ({ backend, model, latency })),
      ),
    keepOnly: (names, providers = nobody) => {
      for (const name of known.keys()) if (!names.has(name)) known.delete(name);
      const kept = new Set([...names].map(providerOf));
      for (const name of spent.keys()) if (!kept.has(name) && !providers.has(name)) spent.delete(name);
    },
  };
}

const nobody: ReadonlySet<string> = new Set();

/** So many at once say how much longer each further one takes. */
const someAtOnce = 8;

/** What was measured most of the same provider's other backends, as if its owner had declared it. */
function likeSiblings(known: ReadonlyMap<string, Known>, name: string, model: string): Prior | undefined {
  const provider = providerOf(name);
  let best: LatencyModel | undefined;
  for (const [other, { models }] of known) {
    const latency = models.get(model);
    if (!latency || latency.knowsLittle || other === name || providerOf(other) !== provider) continue;
    if (latency.samples > (best?.samples ?? 0)) best = latency;
  }
  if (!best) return undefined;
  const [baseMs, busyMs] = [best.predict(1, best.lastAt), best.predict(someAtOnce, best.lastAt)];
  return { baseMs, perInFlightMs: (busyMs - baseMs) / (someAtOnce - 1) };
}
