import type { Order } from "../world.ts";
import { type Message, messageNamed } from "./contract.ts";
import type { InstancePool } from "./instance-pool.ts";

export type Variable = { readonly name: string; readonly value?: string; readonly valueSource?: Message };

export type ContainerMessage = {
  readonly image: string;
  readonly env?: readonly Variable[];
  readonly ports?: readonly Message[];
  readonly resources?: { readonly limits?: Readonly<Record<string, string>>; readonly cpuIdle?: boolean };
  readonly [field: string]: unknown;
};

export type TemplateMessage = {
  readonly revision?: string;
  readonly containers: readonly ContainerMessage[];
  readonly maxInstanceRequestConcurrency?: number;
  readonly nodeSelector?: { readonly accelerator?: string };
  readonly gpuZonalRedundancyDisabled?: boolean;
  readonly [field: string]: unknown;
};

export type Target = {
  readonly type?: string;
  readonly revision?: string;
  readonly percent?: number;
  readonly tag?: string;
};

export type ScalingMessage = {
  readonly minInstanceCount?: number;
  readonly maxInstanceCount?: number;
  readonly scalingMode?: string;
  readonly manualInstanceCount?: number;
};

export type RevisionState = {
  readonly name: string;
  readonly template: TemplateMessage;
  readonly pool: InstancePool;
  readonly createdAt: number;
  state: "starting" | "ready" | "failed";
  why: string | undefined;
};

export type ServiceState = {
  readonly name: string;
  readonly short: string;
  readonly uri: string;
  readonly createdAt: number;
  readonly customAudiences: readonly string[];
  readonly revisions: Map<string, RevisionState>;
  isReconciling: boolean;
  generation: number;
  observedGeneration: number;
  etag: string;
  template: TemplateMessage;
  traffic: readonly Target[];
  statuses: readonly (Target & { readonly uri?: string })[];
  scaling: ScalingMessage;
  latestCreated: string | undefined;
};

export type ServiceMessage = Message;

/** As the API answers. */
export function serviceMessage(service: ServiceState): ServiceMessage {
  const newest = service.revisions.get(service.latestCreated ?? "");
  const { isReconciling } = service;
  const ready = nameOfRevision(service, "ready");
  return {
    name: service.name,
    uid: "7d0b1f5e-0000-4000-8000-000000000001",
    generation: String(service.generation),
    createTime: timestamp(service.createdAt),
    template: service.template,
    traffic: service.traffic,
    scaling: service.scaling,
    ...(service.customAudiences.length > 0 && { customAudiences: service.customAudiences }),
    observedGeneration: String(service.observedGeneration),
    terminalCondition: terminalOf(newest, isReconciling),
    ...(ready !== undefined && { latestReadyRevision: `${service.name}/revisions/${ready}` }),
    ...(newest && { latestCreatedRevision: `${service.name}/revisions/${newest.name}` }),
    trafficStatuses: service.statuses,
    uri: service.uri,
    urls: [service.uri],
    ...(isReconciling && { reconciling: true }),
    etag: service.etag,
  };
}

export function revisionMessage(service: ServiceState, revision: RevisionState): Message {
  const { fields } = messageNamed("google.cloud.run.v2.Revision");
  const shared = Object.entries(revision.template).filter(([field]) => fields[field] && field !== "revision");
  return {
    ...Object.fromEntries(shared),
    name: `${service.name}/revisions/${revision.name}`,
    service: service.name,
    createTime: timestamp(revision.createdAt),
    conditions: conditionsOf(revision),
  };
}

export function nameOfRevision(service: ServiceState, state: RevisionState["state"]): string | undefined {
  return [...service.revisions.values()].filter((one) => one.state === state).at(-1)?.name;
}

/** What the world is told to run; the platform adds a few variables of its own. */
export function orderFor(template: TemplateMessage, revision: string, service: string): Order {
  const [first] = template.containers;
  const answering = template.containers.find(({ ports }) => (ports?.length ?? 0) > 0) ?? first;
  const given = (answering?.env ?? []).map(({ name, value = "" }) => [name, value] as const);
  const own = { PORT: "8080", K_SERVICE: service, K_REVISION: revision };
  return { image: answering?.image ?? "", env: { ...own, ...Object.fromEntries(given) } };
}

function terminalOf(newest: RevisionState | undefined, isReconciling: boolean): Message {
  if (isReconciling) return { type: "Ready", state: "CONDITION_RECONCILING" };
  if (newest?.state !== "failed") return { type: "Ready", state: "CONDITION_SUCCEEDED" };
  return { type: "Ready", state: "CONDITION_FAILED", reason: "REVISION_FAILED", message: newest.why };
}

function conditionsOf({ state, why, createdAt }: RevisionState): readonly Message[] {
  const lastTransitionTime = timestamp(createdAt);
  if (state === "failed") {
    const failed = { state: "CONDITION_FAILED", message: why, severity: "ERROR", lastTransitionTime };
    return [
      { type: "Ready", ...failed, revisionReason: "HEALTH_CHECK_CONTAINER_ERROR" },
      { type: "ContainerHealthy", ...failed, revisionReason: "HEALTH_CHECK_CONTAINER_ERROR" },
    ];
  }
  const done = state === "ready" ? "CONDITION_SUCCEEDED" : "CONDITION_RECONCILING";
  return ["Ready", "ContainerHealthy", "ResourcesAvailable"].map((type) => ({
    type,
    state: done,
    lastTransitionTime,
  }));
}

function timestamp(ms: number): Message {
  return { seconds: String(Math.floor(ms / 1_000)), nanos: 0 };
}
