import { randomBytes } from "node:crypto";
import type {
  CapacityProviderStrategyItem,
  DeploymentConfiguration,
  DeploymentLifecycleHookStatus,
  RegisterTaskDefinitionRequest,
  ServiceDeploymentLifecycleStage,
  ServiceDeploymentStatus,
  Tag,
  TaskStopCode,
} from "@aws-sdk/client-ecs";
import type { Instance } from "../world.ts";

/** A registered task definition, as it was sent. */
export type FakeDefinition = {
  readonly arn: string;
  readonly family: string;
  readonly revision: number;
  readonly registered: RegisterTaskDefinitionRequest;
  readonly tags: readonly Tag[];
  readonly at: number;
  status: "ACTIVE" | "INACTIVE";
};

/** A service with one task definition: how many of its tasks are wanted is the deployment's business. */
export type FakeRevision = {
  readonly arn: string;
  readonly definition: FakeDefinition;
  readonly at: number;
  wanted: number;
  /** Of production and of test traffic, in percent; undefined without a load balancer. */
  weight: number | undefined;
  testWeight: number | undefined;
};

/** PENDING ── its instance is ready ──▶ RUNNING ── told, or fallen ──▶ STOPPED */
export type FakeTask = {
  readonly arn: string;
  readonly revision: FakeRevision;
  readonly startedBy: string;
  readonly host: string;
  readonly port: number;
  readonly instance: Instance;
  readonly createdAt: number;
  startedAt: number | undefined;
  stoppedAt: number | undefined;
  lastStatus: "PENDING" | "RUNNING" | "STOPPED";
  stoppedReason: string | undefined;
  stopCode: TaskStopCode | undefined;
};

export type FakeHook = {
  readonly id: string;
  readonly expiresAt: number;
  readonly timeoutAction: "CONTINUE" | "ROLLBACK";
  status: DeploymentLifecycleHookStatus;
};

export type FakeDeployment = {
  readonly arn: string;
  /** As a task says by whom it was started. */
  readonly id: string;
  readonly sources: readonly FakeRevision[];
  readonly target: FakeRevision;
  readonly configuration: DeploymentConfiguration;
  readonly createdAt: number;
  updatedAt: number;
  finishedAt: number | undefined;
  status: ServiceDeploymentStatus;
  statusReason: string | undefined;
  stage: ServiceDeploymentLifecycleStage | undefined;
  /** Since when it is at this stage, or at this step of it. */
  stageAt: number;
  hooks: readonly FakeHook[];
  failures: number;
  isTriggered: boolean;
  rollback: { readonly reason: string; readonly startedAt: number } | undefined;
};

export type FakeService = {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  readonly hasLoadBalancer: boolean;
  readonly controller: "ECS" | "CODE_DEPLOY";
  readonly scheduling: "REPLICA" | "DAEMON";
  /** ECS remembers a deleted one for a while. */
  isDeleted: boolean;
  /** The list of its deployments does not have the newest yet. */
  isListedLate: boolean;
  desiredCount: number;
  definition: FakeDefinition;
  configuration: DeploymentConfiguration;
  capacityProviderStrategy: readonly CapacityProviderStrategyItem[];
  /** What has tasks, or is to have some. */
  revisions: FakeRevision[];
  readonly deployments: FakeDeployment[];
  readonly tasks: FakeTask[];
  /** The newest first. */
  readonly events: { readonly id: string; readonly at: number; readonly message: string }[];
};

export type FakeCluster = {
  readonly region: string;
  readonly name: string;
  readonly arn: string;
  readonly capacityProviders: readonly string[];
  /** The type of all of its machines. */
  readonly machine: string;
  readonly definitions: FakeDefinition[];
  readonly services: FakeService[];
};

const account = "123456789012";

export function arnOf(region: string, kind: string, name: string): string {
  return `arn:aws:ecs:${region}:${account}:${kind}/${name}`;
}

export function makeId(bytes = 16): string {
  return randomBytes(bytes).toString("hex");
}

export function tellEvent(service: FakeService, message: string): void {
  const text = `(service ${service.name}) ${message}`;
  // The real one says the same thing again only hours later.
  if (service.events[0]?.message === text) return;
  service.events.unshift({ id: makeId(), at: Date.now(), message: text });
  service.events.splice(100);
}

/** Makes a revision of a task definition and a deployment that is to bring it in. */
export function beginDeployment(
  cluster: FakeCluster,
  service: FakeService,
  definition: FakeDefinition,
): void {
  const place = `${cluster.name}/${service.name}`;
  const now = Date.now();
  for (const one of service.deployments)
    if (isUnderWay(one))
      Object.assign(one, { status: "STOPPED", finishedAt: now, statusReason: "superseded" });
  const weight = service.hasLoadBalancer ? 0 : undefined;
  const target: FakeRevision = {
    arn: arnOf(cluster.region, "service-revision", `${place}/${Date.now()}${makeId(3)}`),
    definition,
    at: now,
    wanted: 0,
    weight,
    testWeight: weight,
  };
  service.deployments.unshift({
    arn: arnOf(cluster.region, "service-deployment", `${place}/${makeId(10)}`),
    id: `ecs-svc/${Number.parseInt(makeId(6), 16)}`,
    sources: service.revisions.filter(({ wanted }) => wanted > 0 || service.desiredCount === 0),
    target,
    configuration: service.configuration,
    createdAt: now,
    updatedAt: now,
    finishedAt: undefined,
    status: "PENDING",
    statusReason: undefined,
    stage: undefined,
    stageAt: now,
    hooks: [],
    failures: 0,
    isTriggered: false,
    rollback: undefined,
  });
  service.definition = definition;
  service.revisions.push(target);
}

export function isUnderWay({ status }: FakeDeployment): boolean {
  return !(["SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"] as const).some(
    (ended) => ended === status,
  );
}
