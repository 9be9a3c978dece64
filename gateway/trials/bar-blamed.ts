import type { DriftWatch } from "../agreement/drift-watch.ts";
import type { Directory } from "../fleet/directory.ts";
import type { Backend, Route } from "../fleet/snapshot.ts";
import { barLanes } from "./bar-lanes.ts";

export type Bars = {
  /** Brings a route's lanes in line with what is known of its backends' answers. */
  readonly apply: (route: Route) => void;
  readonly isBarred: (model: string, backend: string) => boolean;
};

export type BarsDeps = {
  readonly watch: Pick<DriftWatch, "decide">;
  readonly directory: Pick<Directory, "find">;
  readonly now: () => number;
};

/** Whoever is blamed for wrong answers is taken out of choice where its route wants that, until they are right again. */
export function createBars({ watch, directory, now }: BarsDeps): Bars {
  const unwanted = new Set<string>();
  const barred = new Set<string>();
  const isUnwanted = ({ model, rules }: Route, { name }: Backend): boolean => {
    const { eject = false } = rules.agreement ?? {};
    const decision = watch.decide(model, name, { eject });
    const key = keyOf(model, name);
    if (decision.eject) unwanted.add(key);
    // Whom to blame may become unclear again; that alone takes nobody back.
    else if (!eject || !decision.flagged) unwanted.delete(key);
    return unwanted.has(key);
  };
  return {
    isBarred: (model, backend) => barred.has(keyOf(model, backend)),
    apply: (route) => {
      const { model, backends, pool } = route;
      barLanes(route, {
        isUnwanted: (backend) => isUnwanted(route, backend),
        isUsable: ({ standing }, backend) =>
          directory.find(backend, model) !== undefined && !standing.breaker.isResting(now()),
      });
      for (const { place, isBarred } of pool.lanes) {
        const key = keyOf(model, backends[place]?.name ?? "");
        if (isBarred) barred.add(key);
        else barred.delete(key);
      }
    },
  };
}

function keyOf(model: string, backend: string): string {
  return JSON.stringify([model, backend]);
}
