import { findPrice, staleDays } from "#adapters/price-book.ts";
import { type ProviderSettings, termsOf } from "#adapters/registry.ts";
import { isUnpriced } from "#adapters/terms-settings.ts";
import type { Config, RouteSettings } from "../config.ts";
import { routeTerms } from "../fleet/route-terms.ts";

type Fleet = Pick<Config, "models" | "providers" | "routes">;

/** What is allowed and yet may not be meant, each with its path; `now` is a moment in milliseconds since 1970. */
export function configWarnings(config: Fleet, now: number): readonly string[] {
  const { models, providers, routes } = config;
  const served = new Set(routes.flatMap((route) => route.models));
  const used = new Set(routes.flatMap(providersOf));
  return [
    ...Object.keys(models)
      .filter((name) => !served.has(name))
      .map((name) => `models.${name}: in no route, so nobody can ask for it`),
    ...Object.entries(providers).flatMap(([name, settings]) => [
      ...(used.has(name) ? [] : [`providers.${name}: in no route, so it gets nothing`]),
      ...settingsWarnings(settings, now).map((warning) => `providers.${name}: ${warning}`),
    ]),
    ...routes.flatMap((route, index) => tooSlow(route, index, providers)),
  ];
}

function providersOf({ failover, canary, shadow }: RouteSettings): string[] {
  const beside = [canary, shadow].flatMap((one) => one?.provider ?? []);
  return [...failover.flat().map(({ provider }) => provider), ...beside];
}

function settingsWarnings(settings: ProviderSettings, now: number): string[] {
  const { price, egressUsdPerGb } = settings;
  const why = price === undefined ? "no price is given" : `the price book knows no price for ${price}`;
  return [
    ...(isUnpriced(settings) ? [`${why}, so what it costs is in no sum`] : []),
    ...stale(price, "usdPerHour or usdPerSecond", now),
    ...stale(
      typeof egressUsdPerGb === "string" ? egressUsdPerGb : undefined,
      "egressUsdPerGb in dollars",
      now,
    ),
  ];
}

/** An entry whose price is not known is told of already, and the price that is given beside it is the owner's own. */
function stale(name: string | undefined, instead: string, now: number): string[] {
  const price = name === undefined ? undefined : findPrice(name);
  const days = price && staleDays(price, now);
  if (price === undefined || days === undefined) return [];
  const told = `the price book's price for ${price.name} is of ${price.asOf}, ${days} days ago`;
  return [`${told}: give ${instead} in its place where it is another by now`];
}

/** Only where all that are tried say something of their speed; the others may be fast. */
function tooSlow(route: RouteSettings, index: number, providers: Fleet["providers"]): string[] {
  const believed = route.failover.flat().map(({ provider }) => {
    const settings = providers[provider];
    return (settings && termsOf(settings).prior?.baseMs) ?? 0;
  });
  const fastest = Math.min(...believed);
  return route.models
    .map((model) => ({ model, sloMs: routeTerms(route, model).sloMs }))
    .filter(({ sloMs }) => sloMs < fastest)
    .map(
      ({ model, sloMs }) =>
        `routes.${index}: by their prior the fastest needs ${fastest} ms, and ${model} has ${sloMs} ms`,
    );
}
