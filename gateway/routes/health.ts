import type { SoftState } from "#infra/runtime/soft-state/soft-state.ts";
import { describedLive, describedReady } from "../document/health-routes.ts";
import { createRoutes, type DescribedRoutes, mount } from "../document/mount.ts";
import type { Directory } from "../fleet/directory.ts";

export type HealthDeps = {
  /** False before everything stands and from the first stop signal on. */
  readonly ready: () => boolean;
  readonly directory: Pick<Directory, "complete">;
  readonly softState: Pick<SoftState, "ping">;
};

/**
 * `/livez`: the process runs, restart it if not. `/readyz`: send it traffic, or stop sending it. Soft state that is
 * away is told but does not make a gateway unready: every image can still be answered without it.
 */
export function healthRoutes({ ready, directory, softState }: HealthDeps): DescribedRoutes {
  const routes = createRoutes();
  mount(routes, describedLive, (c) => c.json({ live: true }));
  mount(routes, describedReady, async (c) => {
    const answered = await softState.ping().then(
      () => true,
      () => false,
    );
    const state = {
      process: ready() ? "ready" : "starting or stopping",
      backends: directory.complete() ? "ready" : "missing",
      soft_state: answered ? "ready" : "away",
    };
    const isReady = ready() && directory.complete();
    return c.json({ ready: isReady, ...state }, isReady ? 200 : 503);
  });
  return routes;
}
