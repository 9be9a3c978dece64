import type { RouteSettings } from "../config.ts";
import type { Lane } from "../dispatch/pool.ts";
import { routeTerms } from "../fleet/route-terms.ts";
import type { Fleet, Route } from "../fleet/snapshot.ts";

export { providerOf } from "../fleet/name-backends.ts";

/** A provider that is tried out: it answers a share of the requests, or it gets copies and answers none. */
export type Candidate = {
  readonly kind: "canary" | "shadow";
  readonly provider: string;
  readonly share: number;
};

/** What is compared for one model of a route. */
export type TrialPlan = {
  readonly model: string;
  /** Providers that answer as a rule, in the order of their groups. */
  readonly incumbents: readonly string[];
  readonly candidates: readonly Candidate[];
  /** Answers are compared among those that answer as a rule. */
  readonly isWatched: boolean;
  /** How far answers have to agree on average. */
  readonly minimum: number;
  readonly sloMs: number;
};

/** Without a word of the configuration, answers of who is tried out are to be as alike as this. */
const usualMinimum = 0.9;

/** What the routes of a configuration compare; those that compare nothing are left out. */
export function plansOfSettings(routes: readonly RouteSettings[]): readonly TrialPlan[] {
  return routes.flatMap((settings) => {
    const { models, failover, canary, shadow, agreement } = settings;
    const incumbents = unique(failover.flat().map(({ provider }) => provider));
    const candidates = [
      ...(canary ? [{ kind: "canary", ...canary } as const] : []),
      ...(shadow ? [{ kind: "shadow", provider: shadow.provider, share: shadow.share } as const] : []),
    ];
    const isWatched = agreement !== undefined;
    if (candidates.length === 0 && !isWatched) return [];
    const minimum = agreement?.minimum ?? usualMinimum;
    return models.map((model): TrialPlan => {
      const { sloMs } = routeTerms(settings, model);
      return { model, incumbents, candidates, isWatched, minimum, sloMs };
    });
  });
}

/** The same of a route that is served. */
export function planOfRoute(route: Route): TrialPlan | undefined {
  const { model, rules, pool, backends, shadows, sloMs } = route;
  const idsOf = (wanted: (lane: Lane) => boolean) =>
    unique(pool.lanes.filter(wanted).flatMap(({ place }) => backends[place]?.id ?? []));
  // Who is tried out may have no backend at the moment, and its trial goes on all the same.
  const tried = orElse(
    idsOf((lane) => lane.canary > 0),
    rules.canary,
  );
  const canary = tried.map((provider): Candidate => {
    return { kind: "canary", provider, share: pool.canary?.canary ?? rules.canary?.share ?? 0 };
  });
  const copied = orElse(unique(shadows.map(({ id }) => id)), rules.shadow);
  const shadow = copied.map((provider): Candidate => {
    return { kind: "shadow", provider, share: rules.shadow?.share ?? 0 };
  });
  const candidates = [...canary, ...shadow];
  const isWatched = rules.agreement !== undefined;
  if (candidates.length === 0 && !isWatched) return undefined;
  const incumbents = idsOf((lane) => lane.canary === 0);
  const minimum = rules.agreement?.minimum ?? usualMinimum;
  return { model, incumbents, candidates, isWatched, minimum, sloMs };
}

/** What facts of a model were gathered for: another step of a trial begins with none. */
export function stepOf({ candidates }: Pick<TrialPlan, "candidates">): string {
  return candidates
    .map(({ kind, provider, share }) =>
      kind === "canary" ? `canary ${provider} ${share}` : `shadow ${provider}`,
    )
    .join(", ");
}

/** The models of a route share its budget, under the name of the first of them. */
export function purseOf(route: Route, { routes }: Fleet): string {
  for (const { rules, model } of routes.values()) if (rules === route.rules) return model;
  return route.model;
}

function orElse(
  found: readonly string[],
  said: { readonly provider: string } | undefined,
): readonly string[] {
  return found.length === 0 && said ? [said.provider] : found;
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}
