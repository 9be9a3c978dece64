import type { MiddlewareHandler } from "hono";
import type { Chance } from "#infra/runtime/chance.ts";
import { requestFinished } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { acceptRequestId, createRequestIds } from "#infra/runtime/request-id.ts";
import { continueTraceContext, createTraceIds, formatTraceparent } from "#infra/runtime/trace-context.ts";
import type { GatewayEnv } from "./gateway-env.ts";

/** Gives each request its id and its place in the caller's trace, and tells the channel how it ended; the outermost ring. */
export function traceRequests(clock: Clock, chance: Chance): MiddlewareHandler<GatewayEnv> {
  const requestIds = createRequestIds(clock, chance);
  const traceIds = createTraceIds(chance);
  return async function traceRequest(c, next) {
    const requestId = acceptRequestId(c.req.header("x-request-id")) ?? requestIds();
    const startedAt = clock.elapsed();
    const [traceparent, tracestate] = [c.req.header("traceparent"), c.req.header("tracestate")];
    const trace = continueTraceContext({ traceparent, tracestate }, traceIds);
    c.set("requestId", requestId);
    c.set("startedAt", startedAt);
    c.set("trace", trace);
    await next();
    c.header("x-request-id", requestId);
    c.header("traceparent", formatTraceparent(trace));
    const failure = c.get("failure");
    requestFinished.publish({
      requestId,
      route: `${c.req.method} ${c.req.routePath}`,
      model: c.get("model"),
      keyId: c.var.caller?.id,
      backend: c.get("backend"),
      status: c.res.status,
      code: failure?.code,
      ms: clock.elapsed() - startedAt,
      error: failure?.error,
    });
  };
}
