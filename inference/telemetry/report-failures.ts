import type { Context, MiddlewareHandler } from "hono";
import { traceOf } from "#inference/trace.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";
import { inferenceFailed } from "./inference-failed.ts";

/** Tells the channel of requests that failed by our fault or that of what computes for us; stands inside of `continueTrace`. */
export function reportFailures(clock: Clock): MiddlewareHandler {
  return async function reportFailure(c, next) {
    const startedAt = clock.elapsed();
    await next();
    if (c.error) report(c, c.error, clock.elapsed() - startedAt);
  };
}

function report(c: Context, thrown: Error, ms: number): void {
  const error = asTradewindError(thrown);
  if (error.kind.blame === "caller") return;
  const trace = traceOf(c);
  inferenceFailed.publish({
    traceId: trace?.traceId,
    spanId: trace?.spanId,
    route: `${c.req.method} ${c.req.routePath}`,
    model: c.req.param("model")?.slice(0, 64),
    version: c.req.param("version")?.slice(0, 40),
    ms,
    error,
  });
}
