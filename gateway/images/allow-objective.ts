import { TradewindError } from "#infra/runtime/errors.ts";
import type { Caller } from "../caller.ts";
import type { Objective, RouteTerms } from "../dispatch/terms.ts";
import { moneyOf } from "../fleet/route-terms.ts";

/** Throws where a request asks for dearer answers than its route is run for, and its key may not. */
export function allowObjective(
  { scopes }: Pick<Caller, "scopes">,
  objective: Objective | undefined,
  { money: own }: Pick<RouteTerms, "money">,
): void {
  if (objective === undefined || objective === "cost" || scopes.has("objective")) return;
  const asked = moneyOf[objective];
  if (asked.usdPerMiss <= own.usdPerMiss && asked.usdPerSecond <= own.usdPerSecond) return;
  throw new TradewindError(
    "forbidden",
    `objective=${objective} may cost more than this route is run for, which needs the scope "objective" that the key lacks`,
  );
}
