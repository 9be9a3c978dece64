import type { Backend, Route } from "#gateway/fleet/snapshot.ts";

/** A route over some backends, with what a configuration that says nothing else would give it. */
export function routeOver(groups: readonly (readonly Backend[])[], parts: Partial<Route> = {}): Route {
  return {
    model: "digits-s",
    sloMs: 100,
    nanoUsdEach: 0,
    groups,
    backends: groups.flat(),
    rules: {
      cache: undefined,
      prepare: { strip: true, downscale: "never", uploadMbitPerS: 200, egressUsdPerGb: 0 },
      whenRedisIsAway: "local",
      lease: 0,
      fetchFrom: [],
    },
    ...parts,
  };
}
