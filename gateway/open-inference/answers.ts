import type { Context } from "hono";
import type { GatewayEnv } from "../gateway-env.ts";
import { headersForCaller } from "./pass-headers.ts";
import type { Passed } from "./pass-on.ts";

/** A backend's success, handed back as it came. */
export function answerPassed(c: Context<GatewayEnv>, { headers, body, backend }: Passed): Response {
  c.set("backend", backend.id);
  // Hono wants to know that the memory is not shared between threads, which nothing here is.
  return c.body(body as Uint8Array<ArrayBuffer>, 200, headersForCaller(headers));
}

/** What is true of an answer whatever becomes of it, a refusal as well. */
export function addHeaders(c: Context<GatewayEnv>, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
}

/** Hono's own `json` would add a charset on some paths, and with one a client loses the message. */
export function answerJson(c: Context<GatewayEnv>, body: unknown, status: 200 | 503 = 200): Response {
  return c.body(JSON.stringify(body), status, { "content-type": "application/json" });
}

/** Clients differ in where they look: at the status, at `ready`, or at `error`. */
export function answerNotReady(c: Context<GatewayEnv>, what: string): Response {
  c.header("retry-after", "1");
  return answerJson(c, { error: `${what} is not ready`, ready: false }, 503);
}
