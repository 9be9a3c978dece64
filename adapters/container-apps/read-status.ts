import type { Revision as AppRevision, Replica } from "@azure/arm-appcontainers";
import { hostUrl } from "../azure/host-url.ts";
import type { ColdStart, ProviderStatus, Revision, Trouble } from "../control.ts";
import {
  deploymentOf,
  imageOf,
  leastOf,
  modelsVariable,
  nameOf,
  type Place,
  rolesIn,
  variableOf,
  weightOf,
} from "./who-stands.ts";

/** Replicas by the name of their revision. */
export type Replicas = ReadonlyMap<string, readonly Replica[]>;

/** What Azure takes where an app does not say. */
const mostUnlessSaid = 10;

export function readStatus(
  place: Place,
  replicas: Replicas,
  coldStarts: readonly ColdStart[],
): ProviderStatus {
  const { stable, candidate, previous } = rolesIn(place);
  const share = (revision: AppRevision): number => weightOf(place.app, revision) / 100;
  const seen = (revision: AppRevision | undefined, role: Revision["role"]): readonly Revision[] =>
    revision ? [{ ...revisionOf(revision, replicas), role, share: share(revision) }] : [];
  const revisions = [
    ...seen(stable, "stable"),
    ...seen(candidate, "candidate"),
    ...seen(previous, "previous"),
  ];
  const [first] = revisions;
  const least = stable ? leastOf(stable) : 0;
  const desired = Math.max(least, (first?.running ?? 0) + (first?.pending ?? 0));
  const running = first?.running ?? 0;
  const { provisioningState = "Succeeded" } = place.app;
  return {
    desired,
    running,
    pending: Math.max(0, desired - running),
    bounds: { least, most: Math.max(least, stable?.template?.scale?.maxReplicas ?? mostUnlessSaid) },
    revisions,
    coldStarts,
    troubles: troublesOf(place, revisions),
    isSettled:
      provisioningState !== "InProgress" &&
      running >= least &&
      revisions.every(({ role, state }) => state !== "starting" || role === "previous"),
  };
}

function revisionOf(revision: AppRevision, all: Replicas): Omit<Revision, "role" | "share"> {
  const replicas = all.get(revision.name ?? "") ?? [];
  const running = replicas.filter(isReady).length;
  const why = whyFailed(revision, replicas);
  const state = stateOf(revision, running, why !== undefined);
  return {
    name: nameOf(revision),
    image: imageOf(revision),
    models: variableOf(revision, modelsVariable),
    id: deploymentOf(revision),
    running,
    pending: state === "failed" ? 0 : replicas.length - running,
    state,
    url: hostUrl(revision.fqdn),
    why: state === "failed" ? why : undefined,
  };
}

/** One that may sleep is ready while it does, since a request wakes it. */
function stateOf(revision: AppRevision, running: number, isFailed: boolean): Revision["state"] {
  if (running > 0) return "ready";
  if (isFailed) return "failed";
  const isAsleep = revision.active === false || leastOf(revision) === 0;
  return isAsleep && isProvisioned(revision) ? "ready" : "starting";
}

export function isProvisioned({ provisioningState }: AppRevision): boolean {
  return provisioningState !== "Provisioning";
}

export function isReady({ runningState, containers }: Replica): boolean {
  if ((runningState ?? "Running") !== "Running") return false;
  return Boolean(containers?.length) && containers?.every(({ ready }) => ready !== false) === true;
}

/** Undefined while nothing says that it failed. */
export function whyFailed(revision: AppRevision, replicas: readonly Replica[]): string | undefined {
  const { provisioningState, runningState, healthState, provisioningError } = revision;
  const isBad =
    provisioningState === "Failed" ||
    runningState === "Failed" ||
    runningState === "Degraded" ||
    (healthState === "Unhealthy" && runningState !== "Processing");
  if (!isBad) return undefined;
  const details = replicas.flatMap((replica) => [
    replica.runningStateDetails,
    ...(replica.containers ?? []).map(({ runningStateDetails }) => runningStateDetails),
  ]);
  const said = provisioningError || details.find(Boolean);
  return (said ?? `Container Apps says that it is ${runningState ?? provisioningState}`).slice(0, 500);
}

function troublesOf({ app }: Place, revisions: readonly Revision[]): readonly Trouble[] {
  const failed = revisions.flatMap(({ name, why }) =>
    why === undefined ? [] : [{ kind: kindOf(why), name, message: `${name}: ${why}`, at: undefined }],
  );
  if (app.provisioningState !== "Failed") return failed;
  const message = "the last change of the app failed";
  return [...failed, { kind: "other", name: app.name, message, at: undefined }];
}

function kindOf(why: string): Trouble["kind"] {
  if (/quota/i.test(why)) return "quota";
  if (/capacity|insufficient|unschedulable/i.test(why)) return "capacity";
  if (/image|manifest|pull|unauthorized/i.test(why)) return "image";
  return "health";
}
