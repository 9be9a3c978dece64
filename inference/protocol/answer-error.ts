import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { asTradewindError } from "#infra/runtime/errors.ts";

/** The one shape that every client of the protocol can read: a string, under exactly this content type. */
export function answerError(thrown: unknown, c: Context): Response {
  const error = asTradewindError(thrown);
  const { status } = error.kind;
  c.header("tradewind-error", error.code);
  if (status === 503) c.header("retry-after", "1");
  // What remains of a body that was refused unread must not be taken for the next request.
  if (error.code === "body_too_large" || error.code === "body_too_slow") c.header("connection", "close");
  return answerJson(c, { error: error.message }, status);
}

/** Hono's own `json` would add a charset on some paths, and with one a client loses the message. */
export function answerJson(c: Context, body: unknown, status = 200): Response {
  return c.body(JSON.stringify(body), status as ContentfulStatusCode, { "content-type": "application/json" });
}
