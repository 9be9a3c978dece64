import type { Objective, RouteTerms } from "../dispatch/terms.ts";
import { moneyOf } from "./route-terms.ts";

/** What a route is run for; `custom` where its owner says in dollars what a late answer and a second cost. */
export function objectiveOf({ money }: Pick<RouteTerms, "money">): Objective | "custom" {
  return objectives.find((objective) => moneyOf[objective] === money) ?? "custom";
}

const objectives = Object.keys(moneyOf) as Objective[];
