import type { Endpoint } from "#adapters/provider.ts";
import { termsOf } from "#adapters/registry.ts";
import type { Terms } from "#adapters/terms.ts";
import { createDispatcher, type Dispatcher } from "#gateway/dispatch/dispatch.ts";
import { createKnownBackends } from "#gateway/dispatch/known-backends.ts";
import { createPool, type Pool } from "#gateway/dispatch/pool.ts";
import type { RouteTerms } from "#gateway/dispatch/terms.ts";
import type { Backend, Route } from "#gateway/fleet/snapshot.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { systemClock } from "#infra/runtime/clock.ts";

/** What a backend has that declares nothing, but for what a test says of it. */
export function termsWith(parts: Partial<Terms> = {}): Terms {
  return { ...termsOf({ kind: "static" }), ...parts };
}

export function backendAt(
  endpoint: Endpoint & { readonly id?: string },
  terms: Partial<Terms> = {},
): Backend {
  const { id = endpoint.url } = endpoint;
  return { ...endpoint, id, name: id, terms: termsWith(terms) };
}

/** No second copies, so that a test's backends are asked as often as it says. */
export const plainTerms: RouteTerms = {
  sloMs: 100,
  money: { usdPerMiss: 0.01, usdPerSecond: 0.0002 },
  hedge: undefined,
  retry: { share: 0.1, attempts: 3 },
  eject: { after: 3, baseMs: 2_000, mostMs: 64_000 },
};

/** A route over some backends, with what a configuration that says nothing else would give it. */
export function routeOver(groups: readonly (readonly Backend[])[], parts: Partial<Route> = {}): Route {
  const { model = "digits-s" } = parts;
  return {
    model,
    sloMs: 100,
    nanoUsdEach: 0,
    backends: groups.flat(),
    pool: poolOver(groups, model),
    tensors: poolOver(groups, model),
    shadows: [],
    rules: {
      objective: "balanced",
      cache: undefined,
      prepare: { strip: true, downscale: "never", uploadMbitPerS: 200, egressUsdPerGb: 0 },
      whenRedisIsAway: "local",
      lease: 0,
      fetchFrom: [],
    },
    ...parts,
  };
}

function poolOver(groups: readonly (readonly Backend[])[], model: string): Pool {
  const known = createKnownBackends({ chance: systemChance });
  const lanes = groups.flatMap((backends, group) =>
    backends.map(({ name, terms }) => ({
      group,
      standing: known.standing(name, terms, plainTerms.eject),
      latency: known.latency(name, model),
    })),
  );
  return createPool(model, plainTerms, lanes);
}

/** With the time and the chance that there are. */
export function openDispatcher(): Dispatcher {
  return createDispatcher({ clock: systemClock, chance: systemChance, wake: async () => {} });
}
