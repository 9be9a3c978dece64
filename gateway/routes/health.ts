import { Hono } from "hono";
import type { Directory } from "../fleet/directory.ts";
import type { GatewayEnv } from "../gateway-env.ts";

export type HealthDeps = {
  /** False before everything stands and from the first stop signal on. */
  readonly ready: () => boolean;
  readonly directory: Pick<Directory, "complete">;
};

/** `/livez`: the process runs, restart it if not. `/readyz`: send it traffic, or stop sending it. */
export function healthRoutes({ ready, directory }: HealthDeps): Hono<GatewayEnv> {
  return new Hono<GatewayEnv>()
    .get("/livez", (c) => c.json({ live: true }))
    .get("/readyz", (c) => {
      const state = {
        process: ready() ? "ready" : "starting or stopping",
        backends: directory.complete() ? "ready" : "missing",
      };
      const isReady = ready() && directory.complete();
      return c.json({ ready: isReady, ...state }, isReady ? 200 : 503);
    });
}
