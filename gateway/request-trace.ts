import type { MiddlewareHandler } from "hono";
import type { Chance } from "#infra/runtime/chance.ts";
import { requestFinished } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { acceptRequestId, createRequestId } from "#infra/runtime/request-id.ts";
import type { GatewayEnv } from "./gateway-env.ts";

/** Gives each request its id and tells the channel how it ended; the outermost ring of the onion. */
export function traceRequests(clock: Clock, chance: Chance): MiddlewareHandler<GatewayEnv> {
  return async function traceRequest(c, next) {
    const requestId = acceptRequestId(c.req.header("x-request-id")) ?? createRequestId(clock, chance);
    const startedAt = clock.elapsed();
    c.set("requestId", requestId);
    c.set("startedAt", startedAt);
    await next();
    c.header("x-request-id", requestId);
    const failure = c.get("failure");
    requestFinished.publish({
      requestId,
      route: `${c.req.method} ${c.req.routePath}`,
      model: c.get("model"),
      keyId: c.get("keyId"),
      backend: c.get("backend"),
      status: c.res.status,
      code: failure?.code,
      ms: clock.elapsed() - startedAt,
      error: failure?.error,
    });
  };
}
