import { OpenAPIHono } from "@hono/zod-openapi";
import type { Handler } from "hono";
import type { GatewayEnv } from "../gateway-env.ts";
import type { DescribedRoute } from "./describe-route.ts";
import { unwritten } from "./write-document.ts";

/** Routes that are told of in the document as they are mounted. */
export type DescribedRoutes = OpenAPIHono<GatewayEnv>;

export function createRoutes(): DescribedRoutes {
  return new OpenAPIHono<GatewayEnv>();
}

/**
 * Puts a handler where its description says. The description only describes: the library's validators would read bodies
 * whole and unbounded, so handlers read and check for themselves, and a test holds their answers against the document.
 */
export function mount(
  routes: DescribedRoutes,
  described: DescribedRoute,
  handler: Handler<GatewayEnv>,
): void {
  const { method, path, write } = described;
  routes.openAPIRegistry.registerPath({ method, path, responses: {}, [unwritten]: write });
  routes.on(method.toUpperCase(), routerPath(described), handler);
}

/** `/v1/models/{model}` as the router writes it. */
export function routerPath({ path, isSubtree }: Pick<DescribedRoute, "path" | "isSubtree">): string {
  const written = path.replaceAll(/\{(\w+)\}/g, ":$1");
  return isSubtree ? `${written}{.+}` : written;
}
