import type { Revision as AppRevision, ContainerApp, TrafficWeight } from "@azure/arm-appcontainers";
import { TradewindError } from "#infra/runtime/errors.ts";

export const deploymentVariable = "TRADEWIND_DEPLOYMENT";
export const modelsVariable = "TRADEWIND_MODELS";
/** Of the traffic that a candidate has. */
export const candidateLabel = "candidate";
/** An app's tag: the revision that answered before the one that was promoted last. */
export const previousTag = "tradewind-previous";
/** The same for the revision whose place another one took with other bounds. */
export const supersededTag = "tradewind-superseded";

/** All that Container Apps says of an app and its revisions. */
export type Place = { readonly app: ContainerApp; readonly revisions: readonly AppRevision[] };

/** Which revision is what. */
export type Roles = {
  readonly stable: AppRevision | undefined;
  readonly candidate: AppRevision | undefined;
  readonly previous: AppRevision | undefined;
};

export function rolesIn(place: Place): Roles {
  const { app } = place;
  const traffic = trafficOf(app);
  const named = (name: string | undefined) => place.revisions.find((one) => one.name === name);
  const candidate = traffic.find(({ label }) => label === candidateLabel)?.revisionName;
  const [most] = traffic
    .filter(({ revisionName, weight = 0 }) => revisionName !== candidate && weight > 0)
    .sort((one, other) => (other.weight ?? 0) - (one.weight ?? 0));
  const stable = most?.revisionName ?? latestReady(app);
  const previous = app.tags?.[previousTag];
  return {
    stable: named(stable),
    candidate: candidate === stable ? undefined : active(named(candidate)),
    previous: previous === stable || previous === candidate ? undefined : named(previous),
  };
}

/** What answers, without which nothing can stand beside it. */
export function stableOf(place: Place): AppRevision {
  const { stable } = rolesIn(place);
  if (stable) return stable;
  throw new TradewindError("provider_missing", `${place.app.name ?? "the app"} has no revision that answers`);
}

/**
 * Who gets how much, each by its name. What follows the latest revision is said of the one that is the latest now, since a
 * candidate is to be the next one and is to get nothing.
 */
export function trafficOf(app: ContainerApp): readonly TrafficWeight[] {
  const traffic = app.configuration?.ingress?.traffic ?? [];
  const isSingle = app.configuration?.activeRevisionsMode !== "Multiple";
  const latest = latestReady(app);
  if (isSingle || traffic.length === 0)
    return latest === undefined ? [] : [{ revisionName: latest, weight: 100 }];
  return traffic.map(({ revisionName, weight, label, latestRevision }) => {
    const name = latestRevision ? latest : (revisionName ?? undefined);
    return {
      ...(name !== undefined && { revisionName: name }),
      weight: weight ?? 0,
      ...(label !== undefined && label !== null && { label }),
    };
  });
}

export function weightOf(app: ContainerApp, { name }: AppRevision): number {
  const mine = trafficOf(app).filter(({ revisionName }) => revisionName === name);
  return mine.reduce((sum, { weight = 0 }) => sum + weight, 0);
}

/** The deployment that made it, if it was one of ours. */
export function deploymentOf(revision: AppRevision | undefined): string | undefined {
  return variableOf(revision, deploymentVariable);
}

/** The first container is the one that has the GPU. */
export function variableOf(revision: AppRevision | undefined, variable: string): string | undefined {
  const found = revision?.template?.containers?.[0]?.env?.find(({ name }) => name === variable)?.value;
  return found === "" ? undefined : found;
}

export function imageOf(revision: AppRevision): string | undefined {
  return revision.template?.containers?.[0]?.image;
}

/** What we call it: by its deployment, which may be one revision and then another with other bounds. */
export function nameOf(revision: AppRevision): string {
  return deploymentOf(revision) ?? revision.name ?? "unknown";
}

export function leastOf(revision: AppRevision): number {
  return revision.template?.scale?.minReplicas ?? 0;
}

function latestReady({ latestReadyRevisionName, latestRevisionName }: ContainerApp): string | undefined {
  return latestReadyRevisionName || latestRevisionName || undefined;
}

function active(revision: AppRevision | undefined): AppRevision | undefined {
  return revision?.active === false ? undefined : revision;
}
