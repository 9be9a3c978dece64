import type { MiddlewareHandler } from "hono";
import type { Chance } from "#infra/runtime/chance.ts";
import { type RequestEvent, requestFinished } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { acceptRequestId, createRequestIds } from "#infra/runtime/request-id.ts";
import {
  continueTraceContext,
  createTraceIds,
  formatTraceparent,
  type TraceContext,
} from "#infra/runtime/trace-context.ts";
import type { GatewayEnv } from "./gateway-env.ts";

/** What a request is called, here and in its caller's trace, and when it began. */
export type Traced = {
  readonly requestId: string;
  readonly startedAt: number;
  readonly trace: TraceContext;
};

/** Begins and ends requests, whichever way they come in. */
export type Tracing = {
  readonly begin: (header: (name: string) => string | undefined) => Traced;
  /** Tells the channel how a request ended. */
  readonly finish: (traced: Traced, ended: Omit<RequestEvent, "requestId" | "ms">) => void;
};

export function createTracing(clock: Clock, chance: Chance): Tracing {
  const requestIds = createRequestIds(clock, chance);
  const traceIds = createTraceIds(chance);
  return {
    begin: (header) => {
      const [traceparent, tracestate] = [header("traceparent"), header("tracestate")];
      return {
        requestId: acceptRequestId(header("x-request-id")) ?? requestIds(),
        startedAt: clock.elapsed(),
        trace: continueTraceContext({ traceparent, tracestate }, traceIds),
      };
    },
    finish: ({ requestId, startedAt }, ended) => {
      requestFinished.publish({ requestId, ...ended, ms: clock.elapsed() - startedAt });
    },
  };
}

/** What every answer says of its request. */
export function traceAnswer({ requestId, trace }: Traced): Readonly<Record<string, string>> {
  return { "x-request-id": requestId, traceparent: formatTraceparent(trace) };
}

/** The same as the outermost ring of the onion. */
export function traceRing(tracing: Tracing): MiddlewareHandler<GatewayEnv> {
  return async function traceRequest(c, next) {
    const traced = tracing.begin((name) => c.req.header(name));
    c.set("requestId", traced.requestId);
    c.set("startedAt", traced.startedAt);
    c.set("trace", traced.trace);
    await next();
    for (const [name, value] of Object.entries(traceAnswer(traced))) c.header(name, value);
    const failure = c.get("failure");
    tracing.finish(traced, {
      route: `${c.req.method} ${c.req.routePath}`,
      model: c.get("model"),
      keyId: c.var.caller?.id ?? c.var.device?.id,
      backend: c.get("backend"),
      status: c.res.status,
      code: failure?.code,
      error: failure?.error,
    });
  };
}
