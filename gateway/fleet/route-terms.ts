import type { RouteSettings } from "../config.ts";
import type { HedgeTerms, Money, Objective, RouteTerms } from "../dispatch/terms.ts";

/** What an objective means in dollars. */
export const moneyOf: Readonly<Record<Objective, Money>> = {
  cost: { usdPerMiss: 2e-3, usdPerSecond: 1e-5 },
  balanced: { usdPerMiss: 1e-2, usdPerSecond: 2e-4 },
  latency: { usdPerMiss: 1e-2, usdPerSecond: 1e-2 },
};

/** What a route wants for one of its models: as the route says it, but for what is said of the model alone. */
export function routeTerms(route: RouteSettings, model: string): RouteTerms {
  const own: Override = Object.hasOwn(route.overrides, model) ? (route.overrides[model] ?? {}) : {};
  const { base, most, after } = { ...route.eject, ...own.eject };
  return {
    sloMs: own.slo ?? route.slo,
    money: moneyFor(route, own),
    hedge: hedgeFor(route.hedge, own.hedge),
    retry: { ...route.retry, ...own.retry },
    eject: { after, baseMs: base, mostMs: most },
  };
}

type Override = RouteSettings["overrides"][string];

/** An objective said of the model alone counts for more than the prices said of its route. */
function moneyFor(route: RouteSettings, own: Override): Money {
  if (own.money) return own.money;
  return own.objective ? moneyOf[own.objective] : (route.money ?? moneyOf[route.objective]);
}

/** As a route has them that says nothing of it. */
const usualHedge: HedgeTerms = { share: 0.05, quantile: 0.95, mostBytes: 1_048_576 };

function hedgeFor(of: RouteSettings["hedge"], own: Override["hedge"] = of): HedgeTerms | undefined {
  if (own === "off") return undefined;
  return { ...(of === "off" ? usualHedge : of), ...own };
}
