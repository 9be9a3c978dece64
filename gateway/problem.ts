import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { asTradewindError, type TradewindError } from "#infra/runtime/errors.ts";
import type { GatewayEnv } from "./gateway-env.ts";

/**
 * The one place where a thrown thing becomes an answer: RFC 9457 problem details, or `{"error": "..."}` under /v2,
 * where the protocol's clients look for a string. A stranger's message stays inside.
 */
export function answerProblem(thrown: unknown, c: Context<GatewayEnv>): Response {
  const error = asTradewindError(thrown);
  c.set("failure", { code: error.code, error });
  const status = error.kind.status as ContentfulStatusCode;
  if (error.kind.status === 401) c.header("www-authenticate", 'Bearer realm="tradewind"');
  if (error.kind.status === 503) c.header("retry-after", "1");
  const isProtocol = /^\/v2(\/|$)/.test(c.req.path);
  const body = isProtocol ? { error: error.message } : problemDetails(error, c.get("requestId"));
  const contentType = isProtocol ? "application/json" : "application/problem+json";
  return c.body(JSON.stringify(body), status, { "content-type": contentType });
}

function problemDetails(error: TradewindError, requestId: string): Record<string, unknown> {
  const { status, retryable } = error.kind;
  const { code } = error;
  const title = code.replaceAll("_", " ");
  return {
    type: `urn:tradewind:error:${code}`,
    title,
    status,
    detail: error.message,
    code,
    retryable,
    request_id: requestId,
  };
}
