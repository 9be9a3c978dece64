import type { Context, MiddlewareHandler } from "hono";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { KnownHost } from "#infra/runtime/known-host.ts";

/**
 * No key is needed here, so that any page that a person opens on this device could send; none is told that it may. One
 * that made its own name lead here says no origin where it only reads, and is known by that name.
 */
export function refusePages(isKnownHost: KnownHost): MiddlewareHandler {
  return async function refusePage(c: Context, next): Promise<Response | undefined> {
    const isPage = c.req.header("origin") !== undefined;
    if ((!isPage && isKnownHost(c.req.header("host"))) || c.req.path.startsWith("/v2/health/")) {
      await next();
      return undefined;
    }
    c.header("vary", "origin");
    if (isPage && c.req.method === "OPTIONS") return c.body(null, 204);
    throw new TradewindError("origin_forbidden", isPage ? "pages may not use this device" : otherName);
  };
}

const otherName =
  "this device is asked by its address or by names that it knows: list this one under answer.hosts";
