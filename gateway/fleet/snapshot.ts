import type { Terms } from "#adapters/terms.ts";
import type { Config } from "../config.ts";
import type { KnownBackends } from "../dispatch/known-backends.ts";
import { createPool, type LaneTerms, type Pool } from "../dispatch/pool.ts";
import type { Found } from "./find-backends.ts";
import { type Backend, nameBackends } from "./name-backends.ts";
import { routeTerms } from "./route-terms.ts";

export type { Backend } from "./name-backends.ts";

export type Route = {
  readonly model: string;
  readonly sloMs: number;
  readonly rules: RouteRules;
  /** The most that one image of this route may cost its tenant, in billionths of a dollar. */
  readonly nanoUsdEach: number;
  /** Who can answer, by the places of the pool's lanes: the groups in their order, and behind them who is tried out. */
  readonly backends: readonly Backend[];
  /** What choices are made from. */
  readonly pool: Pool;
  /** The same for tensors, which take another time than images at the same backends. */
  readonly tensors: Pool;
  /** Who gets copies of requests and never answers one. */
  readonly shadows: readonly Backend[];
};

type RouteSettings = Config["routes"][number];

/** What the configuration says of a route beside its backends. */
export type RouteRules = Pick<
  RouteSettings,
  | "cache"
  | "prepare"
  | "whenRedisIsAway"
  | "lease"
  | "fetchFrom"
  | "agreement"
  | "shadow"
  | "canary"
  | "objective"
>;

/** What the gateway knows of its backends at one moment; never changed, only replaced whole. */
export type Fleet = { readonly routes: ReadonlyMap<string, Route> };

export type BuildOptions = {
  readonly known: KnownBackends;
  /** What this one takes the place of. */
  readonly before?: Fleet | undefined;
  /** Providers to which nothing is sent at this moment. */
  readonly refused?: ReadonlySet<string>;
};

/** Lays the routes over what was found; a provider without backends is a route with fewer lanes. */
export function buildFleet(
  config: Pick<Config, "routes">,
  found: Found,
  { known, before, refused = nobody }: BuildOptions,
): Fleet {
  const byProvider = new Map(
    [...found].map(([id, provider]) => [id, refused.has(id) ? [] : nameBackends(id, provider)]),
  );
  const routes = config.routes.flatMap((settings) =>
    settings.models.map((model): [string, Route] => [
      model,
      buildRoute(model, settings, { byProvider, known, before: before?.routes.get(model) }),
    ]),
  );
  return { routes: new Map(routes) };
}

const nobody: ReadonlySet<string> = new Set();

type Building = {
  readonly byProvider: ReadonlyMap<string, readonly Backend[]>;
  readonly known: KnownBackends;
  readonly before: Route | undefined;
};

function buildRoute(model: string, settings: RouteSettings, { byProvider, known, before }: Building): Route {
  const terms = routeTerms(settings, model);
  const placed = placesOf(settings, byProvider);
  const lanesFor = (what: string) =>
    placed.map(({ backend, ...place }) => ({
      ...place,
      standing: known.standing(backend.name, backend.terms, terms.eject),
      latency: known.latency(backend.name, what),
    }));
  const backends = placed.map(({ backend }) => backend);
  const pool = createPool(model, terms, lanesFor(model), before?.pool);
  const tensors = createPool(model, terms, lanesFor(`${model} tensors`), before?.tensors);
  if (before) keepBars([pool, tensors], before.pool);
  const { shadow } = settings;
  return {
    model,
    sloMs: terms.sloMs,
    rules: settings,
    nanoUsdEach: Math.max(0, ...backends.map(({ terms: of }) => mostNanoUsd(of, terms.sloMs))),
    backends,
    pool,
    tensors,
    shadows: shadow ? (byProvider.get(shadow.provider) ?? []) : [],
  };
}

/** Who was taken out of choice stays out until somebody looks at it again, unless nobody else were left. */
function keepBars(pools: readonly Pool[], before: Pool): void {
  const barred = new Set(before.lanes.flatMap((lane) => (lane.isBarred ? lane.standing.name : [])));
  if (barred.size === 0) return;
  for (const { lanes } of pools) {
    const isAnyoneLeft = lanes.some(({ standing, canary }) => canary === 0 && !barred.has(standing.name));
    for (const lane of lanes) lane.isBarred = isAnyoneLeft && barred.has(lane.standing.name);
  }
}

type Placed = Omit<LaneTerms, "standing" | "latency"> & { readonly backend: Backend };

/** Whoever is tried out stands behind all groups: better than nobody, where nobody else is left. */
function placesOf(
  { failover, canary }: RouteSettings,
  byProvider: ReadonlyMap<string, readonly Backend[]>,
): Placed[] {
  const placed = failover.flatMap((members, group) => {
    const isWeighted = members.some(({ weight }) => weight !== 1);
    return members.flatMap(({ provider, weight }) => {
      const backends = byProvider.get(provider) ?? [];
      const share = isWeighted ? { weight: weight / Math.max(1, backends.length) } : {};
      return backends.map((backend): Placed => ({ backend, group, ...share }));
    });
  });
  const tried = canary ? (byProvider.get(canary.provider) ?? []) : [];
  const last = failover.length;
  return [
    ...placed,
    ...tried.map((backend): Placed => ({ backend, group: last, canary: canary?.share ?? 0 })),
  ];
}

/** An image is charged for the seconds it uses of what is paid by use, as long as the route's SLO at most. */
function mostNanoUsd({ billing, usdPerSecond, usdPerRequest, egressUsdPerGb }: Terms, sloMs: number): number {
  const seconds = billing === "provisioned" ? 0 : sloMs / 1000;
  return inNanoUsd(usdPerRequest + seconds * usdPerSecond + egressUsdPerGb / 1024);
}

/** Money is counted in whole billionths, since sums of fractions drift. */
export function inNanoUsd(usd: number): number {
  return Math.round(usd * 1e9);
}
