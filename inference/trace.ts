import type { Context, MiddlewareHandler } from "hono";
import type { Chance } from "#infra/runtime/chance.ts";
import {
  continueTraceContext,
  createTraceIds,
  formatTraceparent,
  type TraceContext,
} from "#infra/runtime/trace-context.ts";

/** Goes on with the caller's trace, or begins one, and says in the answer which span of it this request was. */
export function continueTrace(chance: Chance): MiddlewareHandler {
  const ids = createTraceIds(chance);
  return async function traceRequest(c, next) {
    const [traceparent, tracestate] = [c.req.header("traceparent"), c.req.header("tracestate")];
    const trace = continueTraceContext({ traceparent, tracestate }, ids);
    c.set("trace", trace);
    await next();
    // `c.header` would build the whole answer once more.
    c.res.headers.set("traceparent", formatTraceparent(trace));
  };
}

/** The request's place in its trace; undefined where no trace is continued. */
export function traceOf(c: Context): TraceContext | undefined {
  return c.get("trace");
}
