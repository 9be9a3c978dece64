import type { Objective, RouteTerms } from "#gateway/dispatch/terms.ts";
import { moneyOf } from "#gateway/fleet/route-terms.ts";
import { type Bounds, readNumber, shown, wrong } from "./read-values.ts";

/** What `--set` changes of a route, by the name that a configuration has for it. */
export type Settings = ReadonlyMap<string, number>;

/** `usdPerMiss=0.01` and the like, each name once. */
export function readSettings(given: readonly string[]): Settings {
  const read = new Map<string, number>();
  for (const text of given) {
    const [name = "", value = "", ...more] = text.split("=");
    const bounds = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!bounds || more.length > 0)
      throw wrong(`--set: "${shown(text)}" is no NAME=NUMBER of ${Object.keys(known).join(", ")}`);
    if (read.has(name)) throw wrong(`--set: ${name} is said twice`);
    read.set(name, readNumber(`--set ${name}`, value, bounds));
  }
  return read;
}

const known: Readonly<Record<string, Bounds>> = {
  usdPerMiss: { least: 0, most: 1_000 },
  usdPerSecond: { least: 0, most: 1_000 },
  "hedge.share": { least: 0, most: 1 },
  "hedge.quantile": { least: 0.5, most: 0.9999 },
  "hedge.mostBytes": { least: 1, most: 1e12, whole: true },
  "retry.share": { least: 0, most: 1 },
  "retry.attempts": { least: 1, most: 10, whole: true },
  "eject.after": { least: 1, most: 1_000, whole: true },
  "eject.baseMs": { least: 1, most: 86_400_000 },
  "eject.mostMs": { least: 1, most: 86_400_000 },
};

export type RouteChanges = {
  readonly sloMs: number | undefined;
  readonly objective: Objective | undefined;
  readonly settings: Settings;
};

/** The route as it is replayed: an objective counts for more than the route's money, and what is set for most. */
export function changeRoute(route: RouteTerms, { sloMs, objective, settings }: RouteChanges): RouteTerms {
  const money = objective ? moneyOf[objective] : route.money;
  const set = (name: string, otherwise: number): number => settings.get(name) ?? otherwise;
  return {
    sloMs: sloMs ?? route.sloMs,
    money: {
      usdPerMiss: set("usdPerMiss", money.usdPerMiss),
      usdPerSecond: set("usdPerSecond", money.usdPerSecond),
    },
    hedge: hedgeOf(route, settings),
    retry: {
      share: set("retry.share", route.retry.share),
      attempts: set("retry.attempts", route.retry.attempts),
    },
    eject: {
      after: set("eject.after", route.eject.after),
      baseMs: set("eject.baseMs", route.eject.baseMs),
      mostMs: set("eject.mostMs", route.eject.mostMs),
    },
  };
}

function hedgeOf({ hedge }: RouteTerms, settings: Settings): RouteTerms["hedge"] {
  const share = settings.get("hedge.share") ?? hedge?.share ?? 0;
  if (share === 0) return undefined;
  return {
    share,
    quantile: settings.get("hedge.quantile") ?? hedge?.quantile ?? 0.95,
    mostBytes: settings.get("hedge.mostBytes") ?? hedge?.mostBytes ?? 1_048_576,
  };
}
