import type { Standing } from "../dispatch/standing.ts";
import type { Backend, Fleet } from "./snapshot.ts";

/** A backend that rests and answers a question about its model may be tried again, without a request being risked first. */
export function tellReady({ routes }: Fleet, now: () => number): (backend: Backend) => void {
  const standings = new Map<Backend, Set<Standing>>();
  for (const { backends, pool } of routes.values()) {
    for (const { place, standing } of pool.lanes) {
      const backend = backends[place];
      if (backend) standings.set(backend, (standings.get(backend) ?? new Set()).add(standing));
    }
  }
  return (backend) => {
    for (const { breaker } of standings.get(backend) ?? []) if (breaker.isResting(now())) breaker.ready();
  };
}
