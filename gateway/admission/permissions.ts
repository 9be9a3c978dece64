import type { MiddlewareHandler } from "hono";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Caller, Scope } from "../caller.ts";
import type { GatewayEnv } from "../gateway-env.ts";

/** Throws unless the caller has this scope. */
export function needScope({ scopes }: Caller, scope: Scope): void {
  if (!scopes.has(scope))
    throw new TradewindError("forbidden", `this needs the scope "${scope}", which the key lacks`);
}

/** Whether a caller may so much as know of a model. */
export function mayUse({ models }: Caller, model: string): boolean {
  return models === "all" || models.has(model);
}

/** The same as a ring of the onion. */
export function scopeRing(scope: Scope): MiddlewareHandler<GatewayEnv> {
  return async function needScopeOfCaller(c, next) {
    needScope(c.get("caller"), scope);
    await next();
  };
}
