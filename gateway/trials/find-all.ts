import type { DriftWatch } from "../agreement/drift-watch.ts";
import { noFacts } from "../agreement/trial-facts.ts";
import type { Trials } from "../agreement/trials.ts";
import type { Directory } from "../fleet/directory.ts";
import type { Backend, Fleet, Route } from "../fleet/snapshot.ts";
import type { Compared } from "./follow-steps.ts";
import type { ShadowModels } from "./shadow-models.ts";
import { stepOf, type TrialPlan } from "./trial-plan.ts";
import type { Finding } from "./trials-store.ts";

export type FindAllDeps = {
  readonly fleet: () => Fleet;
  readonly planOf: (route: Route) => TrialPlan | undefined;
  readonly directory: Pick<Directory, "find">;
  readonly shadows: Pick<ShadowModels, "lastHeard">;
  readonly trials: Pick<Trials, "facts">;
  readonly watch: Pick<DriftWatch, "decide" | "standing">;
  readonly isBarred: (model: string, backend: string) => boolean;
};

export type Found = { readonly compared: readonly Compared[]; readonly findings: readonly Finding[] };

/** Everything that is compared now, and what this gateway has found out about it. */
export function findAll(deps: FindAllDeps): Found {
  const [compared, findings]: [Compared[], Finding[]] = [[], []];
  for (const route of deps.fleet().routes.values()) {
    const plan = deps.planOf(route);
    if (!plan) continue;
    const step = stepOf(plan);
    const backends = new Map<string, string | undefined>();
    for (const backend of [...route.backends, ...route.shadows]) {
      const version = versionOf(route, backend, deps);
      backends.set(backend.name, version);
      const finding = findingOf(route.model, backend.name, deps);
      if (finding) findings.push({ ...finding, step, version: version ?? "" });
    }
    compared.push({ model: route.model, step, backends });
  }
  return { compared, findings };
}

function versionOf(
  { model }: Route,
  backend: Backend,
  { directory, shadows }: FindAllDeps,
): string | undefined {
  return (directory.find(backend, model) ?? shadows.lastHeard(backend, model))?.version;
}

function findingOf(
  model: string,
  backend: string,
  { trials, watch, isBarred }: FindAllDeps,
): Omit<Finding, "step" | "version"> | undefined {
  const facts = trials.facts(model, backend);
  const { state } = watch.standing(model, backend);
  if (!facts && state === "unknown") return undefined;
  const { why } = watch.decide(model, backend, { eject: false });
  return { model, backend, facts: facts ?? noFacts(), state, isBarred: isBarred(model, backend), why };
}
