import type { Endpoint, Provider } from "#adapters/provider.ts";
import type { Config } from "../config.ts";

/** One address that can answer, under the name its provider has in the configuration. */
export type Backend = Endpoint & { readonly id: string; readonly usdPerRequest: number };

export type Route = {
  readonly model: string;
  readonly sloMs: number;
  readonly rules: RouteRules;
  /** The most that one image of this route may cost, in billionths of a dollar. */
  readonly nanoUsdEach: number;
  /** Groups in the order in which they are tried; inside a group any will do. */
  readonly groups: readonly (readonly Backend[])[];
  /** All of them, one behind the other. */
  readonly backends: readonly Backend[];
};

/** What the configuration says of a route beside its backends. */
export type RouteRules = Pick<
  Config["routes"][number],
  "cache" | "prepare" | "whenRedisIsAway" | "lease" | "fetchFrom"
>;

/** What the gateway knows of its backends at one moment; never changed, only replaced whole. */
export type Fleet = { readonly routes: ReadonlyMap<string, Route> };

/** Asks every provider where its backends are and lays the routes over them. */
export async function buildFleet(
  config: Pick<Config, "routes">,
  providers: ReadonlyMap<string, Provider>,
  { signal }: { readonly signal: AbortSignal },
): Promise<Fleet> {
  const found = await Promise.all(
    [...providers].map(async ([id, provider]) => [id, await backendsOf(id, provider, signal)] as const),
  );
  const byProvider = new Map(found);
  const routes = config.routes.flatMap(({ models, slo, failover, ...rules }) => {
    const groups = failover.map((names) => names.flatMap((name) => byProvider.get(name) ?? []));
    const backends = groups.flat();
    const nanoUsdEach = Math.max(0, ...backends.map(({ usdPerRequest }) => inNanoUsd(usdPerRequest)));
    const shared = { sloMs: slo, rules, nanoUsdEach, groups, backends };
    return models.map((model): [string, Route] => [model, { model, ...shared }]);
  });
  return { routes: new Map(routes) };
}

async function backendsOf(id: string, provider: Provider, signal: AbortSignal): Promise<Backend[]> {
  const endpoints = await provider.discover({ signal });
  return endpoints.map((endpoint) => ({ ...endpoint, id, usdPerRequest: provider.billing.usdPerRequest }));
}

/** Money is counted in whole billionths, since sums of fractions drift. */
export function inNanoUsd(usd: number): number {
  return Math.round(usd * 1e9);
}
