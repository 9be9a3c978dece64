import type { MiddlewareHandler } from "hono";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Caller } from "../caller.ts";
import type { GatewayEnv } from "../gateway-env.ts";
import type { Access } from "./access.ts";

const allowedHeaders =
  "authorization, x-api-key, content-type, cache-control, idempotency-key, x-request-id, traceparent, tracestate";

const exposedHeaders =
  "cache-status, ratelimit, ratelimit-policy, retry-after, server-timing, x-request-id, tradewind-decision, idempotent-replayed";

/**
 * A browser asks before it sends, and shows no key when it asks: so any origin that some key lists is told that it may
 * ask, and the request itself is then held against the origins of its own key.
 */
export function answerPreflights(access: Pick<Access, "origins">): MiddlewareHandler<GatewayEnv> {
  return async function answerPreflight(c, next) {
    const origin = c.req.header("origin");
    if (c.req.method !== "OPTIONS" || origin === undefined) return await next();
    c.header("vary", "origin");
    if (!access.origins().has(origin)) return c.body(null, 204);
    return c.body(null, 204, {
      "access-control-allow-origin": origin,
      "access-control-allow-methods": "GET, POST, PUT, DELETE",
      "access-control-allow-headers": allowedHeaders,
      "access-control-max-age": "600",
    });
  };
}

/** The origins that keys list, and those that the configuration lists for tokens. */
export function listedOrigins(
  access: Pick<Access, "origins">,
  issuers: readonly { readonly origins: readonly string[] }[],
): Access["origins"] {
  const ofTokens = issuers.flatMap(({ origins }) => origins);
  let ofKeys: ReadonlySet<string> = new Set();
  let all: ReadonlySet<string> = new Set(ofTokens);
  return () => {
    const now = access.origins();
    if (now !== ofKeys) all = new Set([...now, ...ofTokens]);
    ofKeys = now;
    return all;
  };
}

/** What the answer to a page at this origin says to its browser; refuses a page that the key does not list. */
export function corsHeaders(
  { origins, keyless }: Caller,
  origin: string | undefined,
): Readonly<Record<string, string>> {
  if (origin === undefined) return noHeaders;
  if (origins.includes(origin)) return leaveToRead(origin);
  // Where no key is needed, any page that a person of this network opens could send.
  if (origins.length > 0 || keyless)
    throw new TradewindError("origin_forbidden", "pages of this origin may not use this key");
  return noHeaders;
}

/**
 * A page whose key was refused is shown that, as one whose key is good is shown its answer: without leave its browser
 * tells it of a network that failed.
 */
export function refusalHeaders(
  access: Pick<Access, "origins">,
  origin: string | undefined,
  status: number,
): Readonly<Record<string, string>> {
  return status === 401 && origin !== undefined && access.origins().has(origin)
    ? leaveToRead(origin)
    : noHeaders;
}

function leaveToRead(origin: string): Readonly<Record<string, string>> {
  return {
    "access-control-allow-origin": origin,
    "access-control-expose-headers": exposedHeaders,
    vary: "origin",
  };
}

const noHeaders = {};

/** The same as a ring of the onion, outside the one that authenticates. */
export function refusalRing(access: Pick<Access, "origins">): MiddlewareHandler<GatewayEnv> {
  return async function showRefusals(c, next) {
    await next();
    const headers = refusalHeaders(access, c.req.header("origin"), c.res.status);
    for (const [name, value] of Object.entries(headers)) c.header(name, value);
  };
}

/** The same as a ring of the onion, inside the one that authenticates. */
export function corsRing(): MiddlewareHandler<GatewayEnv> {
  return async function allowOrigins(c, next) {
    const headers = corsHeaders(c.get("caller"), c.req.header("origin"));
    await next();
    for (const [name, value] of Object.entries(headers)) c.header(name, value);
  };
}
