import type { Lane } from "../dispatch/pool.ts";
import type { Backend, Route } from "../fleet/snapshot.ts";

export type BarRules = {
  readonly isUnwanted: (backend: Backend) => boolean;
  /** Whether somebody could be asked there now at all. */
  readonly isUsable: (lane: Lane, backend: Backend) => boolean;
};

/** Takes out of choice who is unwanted, and puts back who is not, unless nobody were left who can be asked. */
export function barLanes({ pool, tensors, backends }: Route, { isUnwanted, isUsable }: BarRules): void {
  const unwanted = backends.map(isUnwanted);
  const isAnyoneLeft = pool.lanes.some((lane) => {
    const backend = backends[lane.place];
    // Who is tried out with a share of requests cannot stand for all the others.
    return backend && !unwanted[lane.place] && lane.canary === 0 && isUsable(lane, backend);
  });
  for (const lanes of [pool.lanes, tensors.lanes]) {
    for (const lane of lanes) lane.isBarred = isAnyoneLeft && unwanted[lane.place] === true;
  }
}
