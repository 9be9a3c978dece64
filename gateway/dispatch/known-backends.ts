import type { Terms } from "#adapters/terms.ts";
import type { Chance } from "#infra/runtime/chance.ts";
import { LatencyModel } from "./latency-model.ts";
import { Standing } from "./standing.ts";
import type { EjectTerms } from "./terms.ts";

/**
 * What is known of backends, by their names: it outlives configurations, so that one that stays is not a stranger after a
 * change. New terms are believed at once; what was learned of a backend's speed and what it has cost stay.
 */
export type KnownBackends = {
  readonly standing: (name: string, terms: Terms, eject: EjectTerms) => Standing;
  readonly latency: (name: string, model: string) => LatencyModel;
  /** Whether a question would wake it. */
  readonly isAsleep: (name: string, now: number) => boolean;
  readonly all: () => readonly Standing[];
  readonly latencies: () => readonly KnownLatency[];
  /** What no configuration names any more is forgotten. */
  readonly keepOnly: (names: ReadonlySet<string>) => void;
};

export type KnownLatency = {
  readonly backend: string;
  readonly model: string;
  readonly latency: LatencyModel;
};

type Known = { standing: Standing; readonly told: string; readonly models: Map<string, LatencyModel> };

export function createKnownBackends({ chance }: { readonly chance: Chance }): KnownBackends {
  const known = new Map<string, Known>();
  return {
    standing: (name, terms, eject) => {
      const told = JSON.stringify([terms, eject]);
      const before = known.get(name);
      if (before?.told === told) return before.standing;
      const standing = new Standing(name, terms, { eject, chance, before: before?.standing });
      const isOther = JSON.stringify(before?.standing.terms.prior) !== JSON.stringify(terms.prior);
      known.set(name, { standing, told, models: isOther ? new Map() : (before?.models ?? new Map()) });
      return standing;
    },
    latency: (name, model) => {
      const found = known.get(name);
      const latency = found?.models.get(model) ?? new LatencyModel(found?.standing.terms.prior);
      found?.models.set(model, latency);
      return latency;
    },
    isAsleep: (name, now) => known.get(name)?.standing.warmth.isAwake(now) === false,
    all: () => [...known.values()].map(({ standing }) => standing),
    latencies: () =>
      [...known].flatMap(([backend, { models }]) =>
        [...models].map(([model, latency]) => ({ backend, model, latency })),
      ),
    keepOnly: (names) => {
      for (const name of known.keys()) if (!names.has(name)) known.delete(name);
    },
  };
}
