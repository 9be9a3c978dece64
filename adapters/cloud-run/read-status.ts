import type { ProviderStatus, Revision as RevisionStatus, Trouble } from "../control.ts";
import { percentOf, rolesOf } from "./plan-traffic.ts";
import { listOf, type ServiceView, textOf } from "./read-service.ts";
import { stateOf, troublesOf } from "./read-troubles.ts";
import type { Revision } from "./run-api.ts";

export type Container = NonNullable<Revision["containers"]>[number];

/** What the container is told: where its models are, and which deployment made it. */
export const modelsVariable = "TRADEWIND_MODELS";
export const deploymentVariable = "TRADEWIND_DEPLOYMENT";

/** The revisions that have a part in the service; those before were forgotten. */
export function revisionsIn(view: ServiceView): readonly string[] {
  const { stable, candidate, previous } = rolesOf(view.wanted);
  return [stable, candidate, previous].filter((name) => name !== undefined);
}

/**
 * The API does not say how many instances run, only how many run at least: so many are counted as running once they stand,
 * and what runs beyond is seen by the gateways alone. Cold starts are theirs to measure too.
 */
export function readStatus(view: ServiceView, revisions: ReadonlyMap<string, Revision>): ProviderStatus {
  const { stable } = rolesOf(view.wanted);
  const desired = view.manual ?? view.least;
  const standing = stable === undefined ? undefined : revisions.get(stable);
  const isWarm = standing !== undefined && stateOf(standing) === "ready" && !isWarming(standing);
  const read = revisionsIn(view).flatMap((name) => {
    const revision = revisions.get(name);
    const running = name === stable && isWarm ? desired : 0;
    const pending = name === stable && !isWarm ? desired : 0;
    return revision ? [readRevision(view, name, revision, { running, pending })] : [];
  });
  return {
    desired,
    running: isWarm ? desired : 0,
    pending: isWarm ? 0 : desired,
    ...(view.manual === undefined && {
      bounds: { least: view.least, most: Math.max(view.least, view.most) },
    }),
    revisions: read,
    coldStarts: [],
    troubles: distinct(read.flatMap(({ name }) => troublesOf(revisions.get(name)))),
    isSettled: !view.isReconciling && read.every(({ state }) => state !== "starting"),
  };
}

type Counted = Pick<RevisionStatus, "running" | "pending">;

function readRevision(view: ServiceView, name: string, revision: Revision, counted: Counted): RevisionStatus {
  const roles = rolesOf(view.wanted);
  const role = name === roles.stable ? "stable" : name === roles.candidate ? "candidate" : "previous";
  const state = stateOf(revision);
  const own = view.actual.find((share) => share.revision === name && share.url !== undefined)?.url;
  return {
    name,
    role,
    image: textOf(answeringIn(revision)?.image),
    models: variableOf(revision, modelsVariable),
    id: variableOf(revision, deploymentVariable),
    share: percentOf(view.actual, name) / 100,
    ...counted,
    state,
    url: own ?? (role === "stable" ? view.url : undefined),
    why: state === "failed" ? troublesOf(revision)[0]?.message : undefined,
  };
}

/** With sidecars, only the one that answers has a port. */
export function answeringIn({ containers }: Pick<Revision, "containers">): Container | undefined {
  const all = listOf(containers);
  return all.find(({ ports }) => listOf(ports).length > 0) ?? all[0];
}

export function variableOf(revision: Pick<Revision, "containers">, name: string): string | undefined {
  return textOf(listOf(answeringIn(revision)?.env).find((variable) => variable.name === name)?.value);
}

function isWarming({ conditions }: Revision): boolean {
  return listOf(conditions).some(({ revisionReason }) =>
    ["MIN_INSTANCES_WARMING", "MIN_INSTANCES_NOT_PROVISIONED"].includes(String(revisionReason)),
  );
}

function distinct(troubles: readonly Trouble[]): readonly Trouble[] {
  return [...new Map(troubles.map((one) => [`${one.kind} ${one.message}`, one])).values()];
}
