import type { SoftState } from "#infra/runtime/soft-state/soft-state.ts";
import { describedLive, describedReady } from "../document/health-routes.ts";
import { createRoutes, type DescribedRoutes, mount } from "../document/mount.ts";
import type { Directory } from "../fleet/directory.ts";
import type { ConfigurationStatus } from "../fleet/follow-config.ts";

export type HealthDeps = {
  /** False before everything stands and from the first stop signal on. */
  readonly ready: () => boolean;
  readonly directory: Pick<Directory, "complete" | "useful">;
  readonly softState: Pick<SoftState, "ping">;
  /** Which configuration is served; none is told where nothing follows it. */
  readonly configuration?: { readonly status: () => ConfigurationStatus };
};

/**
 * `/livez`: the process runs, restart it if not. `/readyz`: send it traffic, or stop sending it. Soft state that is
 * away, a configuration that could not be taken over, and a route whose backends are gone are told but do not make a
 * gateway unready: all gateways see them alike, and to take all of them away helps nobody.
 */
export function healthRoutes({ ready, directory, softState, configuration }: HealthDeps): DescribedRoutes {
  const routes = createRoutes();
  mount(routes, describedLive, (c) => c.json({ live: true }));
  mount(routes, describedReady, async (c) => {
    const answered = await softState.ping().then(
      () => true,
      () => false,
    );
    const state = {
      process: ready() ? "ready" : "starting or stopping",
      backends: backendsWord(directory),
      soft_state: answered ? "ready" : "away",
      ...(configuration && configurationDetail(configuration.status())),
    };
    const isReady = ready() && directory.useful();
    return c.json({ ready: isReady, ...state }, isReady ? 200 : 503);
  });
  return routes;
}

function backendsWord({ complete, useful }: HealthDeps["directory"]): string {
  if (complete()) return "ready";
  return useful() ? "some missing" : "missing";
}

/** Whoever asks here has shown no key, so it says which and whether, and not what is wrong with it. */
function configurationDetail({ served, troubles }: ConfigurationStatus): object {
  const { version, waitsForRestart } = served;
  return {
    configuration: troubles.length > 0 ? "stale" : "current",
    configuration_version: version,
    ...(troubles.length > 0 && { configuration_trouble: troubles.map(({ of }) => troubleWords[of]) }),
    ...(waitsForRestart.length > 0 && { configuration_waits_for_restart: waitsForRestart }),
  };
}

const troubleWords = {
  file: "the file of this gateway cannot be taken over: its log says why",
  published: "the newest version cannot be served: the log says why",
} as const;
