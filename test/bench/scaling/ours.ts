import { forecastDemand } from "#gateway/operations/scale/forecast.ts";
import { planScale, type ScalePlan } from "#gateway/operations/scale/plan-scale.ts";
import type { Orders, Scaler } from "./play.ts";
import type { Given } from "./sites.ts";

const horizonMs = 15 * 60_000;
const stepSeconds = 60;

/** The forecast and the plan as `tradewind fleet` asks for them. */
export function ours(given: Given, start: number): Scaler {
  const changedAt = new Map<string, number>();
  const first = startOf(given, start);
  let bounds = given.sites.map(() => ({ least: 0, most: 0 }));
  return {
    first,
    ask: (view) => {
      const plan = planScale({
        ...{ now: view.now, ...given.promised, survive: "domain" },
        ...{ usdPerMiss: given.usdPerMiss, lately: view.lately },
        forecast: forecastDemand(view.counts, { now: view.now, horizonMs, stepSeconds }),
        places: given.sites.map(({ declared }, place) => ({
          ...declared,
          standing: {
            ...(view.sites[place] ?? none),
            ...(declared.scale === "bounds" && { bounds: bounds[place] ?? none }),
          },
          changedAt: changedAt.get(declared.name),
          refusals: [],
        })),
      });
      for (const { name, changes } of plan.places) if (changes) changedAt.set(name, view.now);
      bounds = plan.places.map(({ least = 0, most = 0 }) => ({ least, most }));
      return ordersOf(plan);
    },
  };
}

const none = { desired: 0, running: 0, pending: 0, least: 0, most: 0 };

function ordersOf(plan: ScalePlan): Orders {
  return plan.places.map(({ count, least, most }) => ({
    ...(count !== undefined && { count }),
    ...(least !== undefined && { least }),
    ...(most !== undefined && { most }),
  }));
}

/** So many at the cheapest place that stands. */
function startOf({ sites }: Given, count: number): Orders {
  return sites.map(({ declared }, place) =>
    declared.scale === "count" ? { count: place === 0 ? count : 0 } : {},
  );
}
