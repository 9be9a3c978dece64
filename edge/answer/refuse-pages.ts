import type { Context } from "hono";
import { TradewindError } from "#infra/runtime/errors.ts";

/** No key is needed here, so that any page that a person opens on this device could send; none is told that it may. */
export async function refusePages(c: Context, next: () => Promise<void>): Promise<Response | undefined> {
  if (c.req.header("origin") === undefined || c.req.path.startsWith("/v2/health/")) {
    await next();
    return undefined;
  }
  c.header("vary", "origin");
  if (c.req.method === "OPTIONS") return c.body(null, 204);
  throw new TradewindError("origin_forbidden", "pages may not use this device");
}
