import type { Config } from "../config.ts";
import { routeTerms } from "../fleet/route-terms.ts";

/** Models and the providers that share their requests: what one of them takes, the others need not carry. */
export type FleetGroup = {
  readonly models: readonly string[];
  readonly providers: readonly string[];
  /** The strictest of what their routes promise. */
  readonly sloMs: number;
  /** The most that one of them pays for a request that is in time. */
  readonly usdPerMiss: number;
};

/** Routes that have a provider in common are scaled together, the others each for itself. */
export function groupsOf({ routes }: Pick<Config, "routes">): readonly FleetGroup[] {
  return routes.reduce<readonly FleetGroup[]>((groups, route) => {
    const terms = route.models.map((model) => routeTerms(route, model));
    const own: FleetGroup = {
      models: route.models,
      providers: [...new Set(route.failover.flat().map(({ provider }) => provider))],
      sloMs: Math.min(...terms.map(({ sloMs }) => sloMs)),
      usdPerMiss: Math.max(...terms.map(({ money }) => money.usdPerMiss)),
    };
    const isShared = (group: FleetGroup): boolean =>
      group.providers.some((provider) => own.providers.includes(provider));
    const apart = groups.filter((group) => !isShared(group));
    return [...apart, [...groups.filter(isShared), own].reduce(merged)];
  }, []);
}

function merged(one: FleetGroup, other: FleetGroup): FleetGroup {
  return {
    models: [...one.models, ...other.models],
    providers: [...new Set([...one.providers, ...other.providers])],
    sloMs: Math.min(one.sloMs, other.sloMs),
    usdPerMiss: Math.max(one.usdPerMiss, other.usdPerMiss),
  };
}
