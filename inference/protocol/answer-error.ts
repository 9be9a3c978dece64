import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { errorReply, jsonType, type Reply } from "./reply.ts";

export function answerError(thrown: unknown, c: Context): Response {
  return answer(c, errorReply(thrown));
}

/** Hono's own `json` would add a charset on some paths, and with one a client loses the message. */
export function answerJson(c: Context, body: unknown, status = 200): Response {
  return answer(c, { status, headers: { "content-type": jsonType }, body: JSON.stringify(body) });
}

export function answer(c: Context, { status, headers, body }: Reply): Response {
  // Hono wants to know that the memory is not shared between threads, which nothing here is.
  return c.body(body as Uint8Array<ArrayBuffer> | string, status as ContentfulStatusCode, { ...headers });
}
