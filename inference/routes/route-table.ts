import type { Context, Hono } from "hono";
import { TradewindError } from "#infra/runtime/errors.ts";

export type Handler = (c: Context) => Response | Promise<Response>;

/** What each path answers to which verb. */
export type RouteTable = Readonly<Record<string, Readonly<Partial<Record<"GET" | "POST", Handler>>>>>;

/** Each path answers its verbs, and any other verb with 405. Literal paths must come before those with parameters. */
export function mount(app: Hono, routes: RouteTable): void {
  for (const [path, verbs] of Object.entries(routes)) {
    for (const [verb, handler] of Object.entries(verbs)) app.on(verb, path, handler);
    app.all(path, (c) => {
      const allowed = Object.keys(verbs);
      c.header("allow", allowed.join(", "));
      const message = `${c.req.method} is not possible here, only ${allowed.join(" and ")}`;
      throw new TradewindError("method_not_allowed", message);
    });
  }
}
