import {
  arnOf,
  type FakeCluster,
  type FakeDefinition,
  type FakeDeployment,
  type FakeRevision,
  type FakeService,
  type FakeTask,
} from "./ecs-state.ts";
import { aliveOf, runningOf } from "./run-tasks.ts";

/** As JSON has them: times are seconds, and what is undefined is left out. */
export function showService(service: FakeService, cluster: FakeCluster, hasTags: boolean): object {
  const { name, arn, desiredCount, definition, configuration, capacityProviderStrategy } = service;
  const alive = service.tasks.filter(({ lastStatus }) => lastStatus !== "STOPPED");
  const running = alive.filter(({ lastStatus }) => lastStatus === "RUNNING").length;
  return {
    serviceArn: arn,
    serviceName: name,
    clusterArn: cluster.arn,
    status: service.isDeleted ? "INACTIVE" : "ACTIVE",
    schedulingStrategy: service.scheduling,
    deploymentController: { type: service.controller },
    desiredCount,
    runningCount: running,
    pendingCount: alive.length - running,
    taskDefinition: definition.arn,
    deploymentConfiguration: { maximumPercent: 200, minimumHealthyPercent: 100, ...configuration },
    capacityProviderStrategy,
    createdAt: seconds(service.createdAt),
    deployments: service.deployments.slice(0, 2).map((one, index) => legacy(service, one, index)),
    events: service.events.map(({ id, at, message }) => ({ id, createdAt: seconds(at), message })),
    currentServiceDeployment: service.deployments[0]?.arn,
    currentServiceRevisions: service.revisions.map((revision) => counts(service, revision)),
    ...(hasTags && { tags: [] }),
  };
}

export function showDeployment(service: FakeService, cluster: FakeCluster, one: FakeDeployment): object {
  const { status, configuration, isTriggered, failures, rollback, stage, hooks } = one;
  return {
    ...brief(service, cluster, one),
    updatedAt: seconds(one.updatedAt),
    sourceServiceRevisions: one.sources.map((revision) => weighed(service, revision)),
    targetServiceRevision: weighed(service, one.target),
    lifecycleStage: stage,
    lifecycleHookDetails: hooks.map(({ id, status: hookStatus, expiresAt, timeoutAction }) => ({
      hookId: id,
      targetType: "PAUSE",
      status: hookStatus,
      expiresAt: seconds(expiresAt),
      timeoutAction,
    })),
    deploymentConfiguration: configuration,
    deploymentCircuitBreaker: {
      status: isTriggered ? "TRIGGERED" : status === "IN_PROGRESS" ? "MONITORING" : "MONITORING_COMPLETE",
      failureCount: failures,
      threshold: 3,
    },
    rollback: rollback && {
      reason: rollback.reason,
      startedAt: seconds(rollback.startedAt),
      serviceRevisionArn: one.sources[0]?.arn,
    },
  };
}

export function showBrief(service: FakeService, cluster: FakeCluster, one: FakeDeployment): object {
  return { ...brief(service, cluster, one), targetServiceRevisionArn: one.target.arn };
}

export function showRevision(service: FakeService, cluster: FakeCluster, revision: FakeRevision): object {
  const { containerDefinitions = [] } = revision.definition.registered;
  return {
    serviceRevisionArn: revision.arn,
    serviceArn: service.arn,
    clusterArn: cluster.arn,
    taskDefinition: revision.definition.arn,
    createdAt: seconds(revision.at),
    containerImages: containerDefinitions.map(({ name, image }) => ({ containerName: name, image })),
  };
}

export function showTask(task: FakeTask, cluster: FakeCluster, service: FakeService): object {
  const { revision, host, lastStatus, stopCode, stoppedReason } = task;
  const { containerDefinitions = [], networkMode } = revision.definition.registered;
  const isAttached = networkMode === "awsvpc";
  const checksHealth = containerDefinitions.some(({ healthCheck }) => healthCheck !== undefined);
  return {
    taskArn: task.arn,
    clusterArn: cluster.arn,
    taskDefinitionArn: revision.definition.arn,
    containerInstanceArn: arnOf(cluster.region, "container-instance", `${cluster.name}/0`),
    group: `service:${service.name}`,
    startedBy: task.startedBy,
    lastStatus,
    desiredStatus: lastStatus === "STOPPED" ? "STOPPED" : "RUNNING",
    healthStatus: checksHealth && lastStatus === "RUNNING" ? "HEALTHY" : "UNKNOWN",
    connectivity: "CONNECTED",
    createdAt: seconds(task.createdAt),
    pullStartedAt: seconds(task.createdAt),
    startedAt: seconds(task.startedAt),
    stoppedAt: seconds(task.stoppedAt),
    stopCode,
    stoppedReason,
    attachments: isAttached ? [attachment(task)] : [],
    containers: containerDefinitions.map(({ name, image }) => ({
      name,
      image,
      taskArn: task.arn,
      lastStatus,
      imageDigest: image?.slice(image.indexOf("@") + 1),
      networkBindings: isAttached ? [] : [{ bindIP: "0.0.0.0", containerPort: task.port, hostPort: 32_768 }],
      networkInterfaces: isAttached ? [{ attachmentId: "a", privateIpv4Address: host }] : [],
      ...(stopCode === "TaskFailedToStart" && { exitCode: 1 }),
    })),
  };
}

function attachment({ host }: FakeTask): object {
  const details = [
    { name: "subnetId", value: "subnet-1" },
    { name: "privateIPv4Address", value: host },
  ];
  return { id: "a", type: "ElasticNetworkInterface", status: "ATTACHED", details };
}

export function showDefinition({ arn, registered, revision, status, at }: FakeDefinition): object {
  const { tags: _tags, ...definition } = registered;
  return {
    volumes: [],
    placementConstraints: [],
    requiresAttributes: [{ name: "com.amazonaws.ecs.capability.docker-remote-api.1.18" }],
    compatibilities: ["EC2", "MANAGED_INSTANCES"],
    ...definition,
    taskDefinitionArn: arn,
    revision,
    status,
    registeredAt: seconds(at),
    registeredBy: "arn:aws:iam::123456789012:user/fleet",
  };
}

function brief(service: FakeService, cluster: FakeCluster, one: FakeDeployment): object {
  return {
    serviceDeploymentArn: one.arn,
    serviceArn: service.arn,
    clusterArn: cluster.arn,
    createdAt: seconds(one.createdAt),
    startedAt: seconds(one.createdAt),
    finishedAt: seconds(one.finishedAt),
    status: one.status,
    statusReason: one.statusReason,
  };
}

function legacy(service: FakeService, one: FakeDeployment, index: number): object {
  const { pendingTaskCount, runningTaskCount } = counts(service, one.target);
  return {
    id: one.id,
    status: index === 0 ? "PRIMARY" : "ACTIVE",
    taskDefinition: one.target.definition.arn,
    desiredCount: one.target.wanted,
    runningCount: runningTaskCount,
    pendingCount: pendingTaskCount,
    failedTasks: one.failures,
    createdAt: seconds(one.createdAt),
    rolloutState: one.status === "SUCCESSFUL" ? "COMPLETED" : one.isTriggered ? "FAILED" : "IN_PROGRESS",
  };
}

function counts(service: FakeService, revision: FakeRevision) {
  const runningTaskCount = runningOf(service, revision);
  return {
    arn: revision.arn,
    requestedTaskCount: revision.wanted,
    runningTaskCount,
    pendingTaskCount: aliveOf(service, revision).length - runningTaskCount,
  };
}

function weighed(service: FakeService, revision: FakeRevision): object {
  const { weight, testWeight } = revision;
  return {
    ...counts(service, revision),
    ...(weight !== undefined && { requestedProductionTrafficWeight: weight }),
    ...(testWeight !== undefined && { requestedTestTrafficWeight: testWeight }),
  };
}

function seconds(at: number | undefined): number | undefined {
  return at === undefined ? undefined : at / 1_000;
}
