import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { problemOf } from "#inference/image-api/problem-details.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";
import type { GatewayEnv } from "./gateway-env.ts";

/**
 * The one place where a thrown thing becomes an answer: RFC 9457 problem details, or `{"error": "..."}` under /v2,
 * where the protocol's clients look for a string. A stranger's message stays inside.
 */
export function answerProblem(thrown: unknown, c: Context<GatewayEnv>): Response {
  const error = asTradewindError(thrown);
  c.set("failure", { code: error.code, error });
  const problem = problemOf(error, { requestId: c.get("requestId"), path: c.req.path });
  return c.body(problem.body, problem.status as ContentfulStatusCode, { ...problem.headers });
}
