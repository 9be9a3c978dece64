import type { Context, MiddlewareHandler } from "hono";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { GatewayEnv } from "../gateway-env.ts";
import type { KeyRing } from "./key-ring.ts";

const howTo = "send it as authorization: Bearer tw_...";

/** Lets in whoever shows a key that the ring knows, by `authorization: Bearer` or `x-api-key`. */
export function authenticate(keys: Pick<KeyRing, "find">): MiddlewareHandler<GatewayEnv> {
  return async function authenticateByKey(c, next) {
    const shown = keyShown(c);
    if (shown === undefined)
      throw new TradewindError("key_missing", `no API key came with the request; ${howTo}`);
    const key = keys.find(shown);
    if (!key) throw new TradewindError("key_invalid", "the API key is unknown, revoked or mistyped");
    c.set("keyId", key.id);
    await next();
  };
}

function keyShown(c: Context): string | undefined {
  const [scheme, token, ...more] = (c.req.header("authorization") ?? "").trim().split(/\s+/);
  if (scheme?.toLowerCase() === "bearer" && token && more.length === 0) return token;
  return c.req.header("x-api-key");
}
