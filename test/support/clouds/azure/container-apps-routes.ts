import { setTimeout as sleep } from "node:timers/promises";
import type { ArmRoute } from "./arm-server.ts";
import {
  type AppBody,
  type ContainerAppState,
  isUp,
  type ReplicaState,
  type RevisionState,
} from "./container-app.ts";
import { type ArmAnswer, armError } from "./fault-answers.ts";
import type { Operations } from "./operations.ts";

export const appVersion = "2026-07-01";

export type ContainerRoutesOptions = {
  readonly app: ContainerAppState;
  readonly place: {
    readonly subscription: string;
    readonly resourceGroup: string;
    readonly region: string;
    readonly app: string;
  };
  readonly profile: string;
  readonly operations: Operations;
  readonly settleMs: number;
  readonly origin: () => string;
};

const apps = "/resourceGroups/{group}/providers/Microsoft.App/containerApps/{app}";
const revisions = `${apps}/revisions`;
const locations = "/providers/Microsoft.App/locations/{location}";

/** What Container Apps answers, as its API of this version does. */
export function containerAppsRoutes(options: ContainerRoutesOptions): readonly ArmRoute[] {
  const { app, operations } = options;
  const onApp =
    (answer: (body: AppBody) => ArmAnswer): ArmRoute["answer"] =>
    ({ names, body }) =>
      isHere(names, options) ? answer(body as AppBody) : missing(names);
  const onRevision =
    (answer: (revision: RevisionState) => ArmAnswer): ArmRoute["answer"] =>
    ({ names }) => {
      const revision = isHere(names, options) ? app.revisions.get(names.revision ?? "") : undefined;
      return revision ? answer(revision) : missing(names);
    };
  const revisionAnswer = (revision: RevisionState): ArmAnswer => ({
    status: 200,
    body: revisionBody(revision, app),
  });
  return [
    ...surveyRoutes(options),
    route(
      "GET",
      apps,
      "containerApps/read",
      onApp(() => ({ status: 200, body: appBody(options) })),
    ),
    {
      ...route(
        "PATCH",
        apps,
        "containerApps/write",
        onApp((body) => change(body, options)),
      ),
      body: "containerAppSerializer",
    },
    route(
      "GET",
      revisions,
      "containerApps/revisions/read",
      onApp(() => ({
        status: 200,
        body: { value: [...app.revisions.values()].map((one) => revisionBody(one, app)) },
      })),
    ),
    route("GET", `${revisions}/{revision}`, "containerApps/revisions/read", onRevision(revisionAnswer)),
    route(
      "GET",
      `${revisions}/{revision}/replicas`,
      "containerApps/revisions/replicas/read",
      onRevision(({ replicas }) => ({
        status: 200,
        body: { value: replicas.map(replicaBody) },
      })),
    ),
    route(
      "POST",
      `${revisions}/{revision}/activate`,
      "containerApps/revisions/activate/action",
      onRevision((one) => app.turn(one, true)),
    ),
    route(
      "POST",
      `${revisions}/{revision}/deactivate`,
      "containerApps/revisions/deactivate/action",
      onRevision((one) => app.turn(one, false)),
    ),
    route(
      "GET",
      `${locations}/containerappOperationStatuses/{id}`,
      "locations/containerappOperationStatuses/read",
      ({ names }) => statusOf(operations.look(names.id ?? "")),
    ),
    route(
      "GET",
      `${locations}/containerappOperationResults/{id}`,
      "locations/containerappOperationResults/read",
      () => ({
        status: 200,
        body: appBody(options),
      }),
    ),
  ];
}

function route(
  method: ArmRoute["method"],
  path: string,
  action: string,
  answer: ArmRoute["answer"],
): ArmRoute {
  return { method, path, action: `Microsoft.App/${action}`, answer };
}

/** What whoever looks for apps asks of a subscription; another one has nothing. */
function surveyRoutes(options: ContainerRoutesOptions): readonly ArmRoute[] {
  const list =
    (bodies: () => readonly unknown[]): ArmRoute["answer"] =>
    ({ names }) => ({
      status: 200,
      body: { value: names.subscription === options.place.subscription ? bodies() : [] },
    });
  const environment = {
    id: environmentOf(options),
    name: "vision",
    location: "Sweden Central",
    properties: {
      workloadProfiles: [
        { name: "Consumption", workloadProfileType: "Consumption" },
        { name: "gpu-t4", workloadProfileType: "Consumption-GPU-NC8as-T4" },
      ],
    },
  };
  return [
    route(
      "GET",
      "/providers/Microsoft.App/containerApps",
      "containerApps/read",
      list(() => [appBody(options)]),
    ),
    route(
      "GET",
      "/providers/Microsoft.App/managedEnvironments",
      "managedEnvironments/read",
      list(() => [environment]),
    ),
  ];
}

function environmentOf({ place }: ContainerRoutesOptions): string {
  return `/subscriptions/${place.subscription}/resourceGroups/${place.resourceGroup}/providers/Microsoft.App/managedEnvironments/vision`;
}

type Names = Readonly<Record<string, string>>;

function isHere(names: Names, { place }: ContainerRoutesOptions): boolean {
  return (
    names.subscription === place.subscription &&
    names.group === place.resourceGroup &&
    names.app === place.app
  );
}

function missing(names: Names): ArmAnswer {
  return armError(
    404,
    "ResourceNotFound",
    `The Resource 'Microsoft.App/containerApps/${names.app}' under resource group '${names.group}' was not found.`,
  );
}

/** `202` with the address of the operation and the one of what will have come of it. */
function change(
  body: AppBody,
  { app, operations, settleMs, origin, place }: ContainerRoutesOptions,
): ArmAnswer {
  const refusal = app.refusalOf(body);
  if (refusal) return refusal;
  if (app.busy)
    return armError(409, "ContainerAppOperationInProgress", "Another operation is in progress for the app.");
  app.busy = true;
  const id = operations.begin(async () => {
    await sleep(settleMs);
    await app.patch(body);
    app.busy = false;
    return { status: 200 };
  });
  const at = `${origin()}/subscriptions/${place.subscription}/providers/Microsoft.App/locations/${place.region}`;
  const headers = {
    location: `${at}/containerappOperationResults/${id}?api-version=${appVersion}`,
    "azure-asyncoperation": `${at}/containerappOperationStatuses/${id}?api-version=${appVersion}`,
  };
  return { status: 202, headers };
}

function statusOf(found: ArmAnswer | "running" | undefined): ArmAnswer {
  if (found === undefined) return armError(404, "NotFound", "no such operation");
  if (found === "running") return { status: 200, body: { status: "InProgress" } };
  if (found.status < 400) return { status: 200, body: { status: "Succeeded" } };
  return { status: 200, body: { status: "Failed", ...(found.body as object) } };
}

function appBody(options: ContainerRoutesOptions): unknown {
  const { app, place, profile } = options;
  const id = `/subscriptions/${place.subscription}/resourceGroups/${place.resourceGroup}/providers/Microsoft.App`;
  return {
    id: `${id}/containerApps/${place.app}`,
    name: place.app,
    type: "Microsoft.App/containerApps",
    location: place.region,
    tags: app.tags,
    properties: {
      provisioningState: app.busy ? "InProgress" : "Succeeded",
      runningStatus: "Running",
      environmentId: environmentOf(options),
      workloadProfileName: profile,
      latestRevisionName: app.latest?.name,
      latestReadyRevisionName: app.latestReady?.name ?? app.latest?.name,
      latestRevisionFqdn: app.latest?.host,
      configuration: {
        activeRevisionsMode: app.mode,
        ingress: {
          fqdn: app.host,
          external: true,
          targetPort: 8080,
          transport: "Auto",
          traffic: app.traffic,
        },
      },
      template: app.latest?.template,
    },
  };
}

function revisionBody(revision: RevisionState, app: ContainerAppState): unknown {
  const { name, host, template, createdTime, active, replicas } = revision;
  const weights = app.traffic.filter(({ revisionName, latestRevision }) =>
    latestRevision ? app.latestReady === revision : revisionName === name,
  );
  const isFailed = replicas.length > 0 && replicas.every(({ instance }) => instance.state() === "failed");
  return {
    name,
    type: "Microsoft.App/containerapps/revisions",
    properties: {
      createdTime: createdTime.toISOString(),
      fqdn: host,
      template: { ...template, revisionSuffix: template.revisionSuffix ?? "" },
      active,
      replicas: replicas.length,
      trafficWeight: weights.reduce((sum, { weight = 0 }) => sum + weight, 0),
      healthState: isFailed ? "Unhealthy" : replicas.some(isUp) ? "Healthy" : "None",
      provisioningState: isFailed ? "Failed" : "Provisioned",
      runningState: isFailed ? "Failed" : active ? runningStateOf(replicas) : "Stopped",
      ...(isFailed && { provisioningError: "The container could not be started: its image cannot run." }),
    },
  };
}

function runningStateOf(replicas: readonly ReplicaState[]): string {
  return replicas.length > 0 && !replicas.some(isUp) ? "Processing" : "Running";
}

function replicaBody({ instance, createdTime }: ReplicaState): unknown {
  const state = instance.state();
  return {
    name: instance.id,
    properties: {
      createdTime: createdTime.toISOString(),
      runningState: state === "ready" ? "Running" : "NotRunning",
      runningStateDetails: state === "failed" ? "the container ended with exit code 1" : "",
      containers: [
        {
          name: "backend",
          ready: state === "ready",
          started: state === "ready",
          restartCount: 0,
          runningState: state === "ready" ? "Running" : state === "failed" ? "Terminated" : "Waiting",
        },
      ],
    },
  };
}
