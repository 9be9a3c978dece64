import { explainPlan } from "./explain-plan.ts";
import { keepCalm } from "./keep-calm.ts";
import { openMarket } from "./market.ts";
import type { ScaleFacts, ScalePlan } from "./scale-facts.ts";
import { searchCheapest } from "./search-cheapest.ts";

export type {
  Coverage,
  PlacePlan,
  Refusal,
  ScaleFacts,
  ScaleLimits,
  ScalePlace,
  ScalePlan,
} from "./scale-facts.ts";

/**
 * The cheapest set of places that keeps the SLO through the forecast and through the loss: as much as is worth it on
 * what is paid anyway, the rest on what scales to zero. More at once; fewer only when a place has cooled down and it
 * pays. Nothing but the facts decides.
 */
export function planScale(facts: ScaleFacts): ScalePlan {
  const market = openMarket(facts);
  const chosen = keepCalm(market, searchCheapest(market));
  return explainPlan(market, chosen);
}
