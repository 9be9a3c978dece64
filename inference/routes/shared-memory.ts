import type { Context } from "hono";
import { answerJson } from "#inference/protocol/answer-error.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { RouteTable } from "./route-table.ts";

/** Memory shared with callers is not served: they are on other machines. Asked what is registered, the truth is: nothing. */
export const sharedMemoryRoutes: RouteTable = {
  ...routesOf("systemsharedmemory"),
  ...routesOf("cudasharedmemory"),
};

function routesOf(kind: string): RouteTable {
  return {
    [`/v2/${kind}/status`]: { GET: nothing },
    [`/v2/${kind}/unregister`]: { POST: done },
    [`/v2/${kind}/region/:region/status`]: { GET: unknownRegion },
    [`/v2/${kind}/region/:region/register`]: { POST: refuse },
    [`/v2/${kind}/region/:region/unregister`]: { POST: done },
  };
}

function nothing(c: Context): Response {
  return answerJson(c, []);
}

/** What was never there is gone, as the caller wants it. */
function done(c: Context): Response {
  return c.body(null, 200);
}

function unknownRegion(c: Context): Response {
  const region = (c.req.param("region") ?? "").slice(0, 64);
  throw new TradewindError("request_malformed", `unable to find a shared memory region '${region}'`);
}

function refuse(): Response {
  throw new TradewindError(
    "request_malformed",
    "shared memory is not served here: send tensors in the request",
  );
}
