import type { MiddlewareHandler } from "hono";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Caller } from "../caller.ts";
import type { GatewayEnv } from "../gateway-env.ts";
import type { Access } from "./access.ts";
import type { BearerTokens } from "./bearer-tokens.ts";

/** Finds out who is asking. Known keys are found at once; only a token that is new here is waited for. */
export type Authenticate = (shown: ShownHeaders) => Caller | Promise<Caller>;

/** What a caller shows at the door. */
export type ShownHeaders = {
  readonly authorization: string | undefined;
  readonly apiKey: string | undefined;
  /** By which name the caller came here. */
  readonly host?: string | undefined;
};

export type AuthenticateDeps = {
  readonly access: Pick<Access, "find">;
  readonly tokens: Pick<BearerTokens, "looksLikeToken" | "verify">;
  /** Who comes in without showing anything, at a door that stands for one tenant. */
  readonly keyless?: (host: string | undefined) => Caller;
};

const howTo = "send it as authorization: Bearer tw_...";

/** By `authorization: Bearer`, with a key or a token, or by `x-api-key`. */
export function createAuthenticate({ access, tokens, keyless }: AuthenticateDeps): Authenticate {
  return ({ authorization, apiKey, host }) => {
    const shown = authorization === undefined ? apiKey : (bearerOf(authorization) ?? apiKey);
    if (shown === undefined && keyless) return keyless(host);
    if (shown === undefined)
      throw new TradewindError("key_missing", `no API key came with the request; ${howTo}`);
    if (tokens.looksLikeToken(shown)) return tokens.verify(shown);
    const caller = access.find(shown);
    if (caller === "expired")
      throw new TradewindError("key_expired", "the API key has expired or was replaced");
    if (!caller) throw new TradewindError("key_invalid", "the API key is unknown, revoked or mistyped");
    return caller;
  };
}

/** The same as a ring of the onion. */
export function authenticateRing(authenticate: Authenticate): MiddlewareHandler<GatewayEnv> {
  return async function authenticateByKey(c, next) {
    const [authorization, apiKey] = [c.req.header("authorization"), c.req.header("x-api-key")];
    c.set("caller", await authenticate({ authorization, apiKey, host: c.req.header("host") }));
    await next();
  };
}

function bearerOf(authorization: string): string | undefined {
  if (authorization.startsWith("Bearer ") && !authorization.includes(" ", 7))
    return authorization.slice(7) || undefined;
  const [scheme, token, ...more] = authorization.trim().split(/\s+/);
  return scheme?.toLowerCase() === "bearer" && token && more.length === 0 ? token : undefined;
}
