import type { DeploymentLifecycleHookStage, ServiceDeploymentLifecycleStage } from "@aws-sdk/client-ecs";
import {
  type FakeDeployment,
  type FakeHook,
  type FakeService,
  isUnderWay,
  makeId,
  tellEvent,
} from "./ecs-state.ts";
import { aliveOf, runningOf } from "./run-tasks.ts";

/** How long a minute of baking lasts here. */
export type Pace = { readonly minuteMs: number };

/** Takes the newest deployment of a service on by at most one stage. */
export function runDeployment(service: FakeService, pace: Pace): void {
  const [deployment] = service.deployments;
  if (deployment === undefined || !isUnderWay(deployment)) keepCount(service);
  else advance(service, deployment, pace);
}

function advance(service: FakeService, deployment: FakeDeployment, pace: Pace): void {
  deployment.updatedAt = Date.now();
  if (deployment.status === "PENDING") begin(service, deployment);
  else if (deployment.status === "ROLLBACK_REQUESTED") beginReturn(service, deployment);
  else if (deployment.status === "ROLLBACK_IN_PROGRESS") goBack(service, deployment);
  else if (!hasFailed(service, deployment)) goOn(service, deployment, pace);
}

function goOn(service: FakeService, deployment: FakeDeployment, pace: Pace): void {
  keepCounts(service, deployment);
  if (deployment.stage === undefined) roll(service, deployment);
  else if (!waits(deployment) && deployment.status === "IN_PROGRESS") step(service, deployment, pace);
}

/** Takes back what a deployment brought; who asks is the reason. */
export function requestReturn(deployment: FakeDeployment, reason: string): void {
  deployment.status = "ROLLBACK_REQUESTED";
  deployment.statusReason = reason;
  deployment.rollback = { reason, startedAt: Date.now() };
}

function begin(service: FakeService, deployment: FakeDeployment): void {
  deployment.status = "IN_PROGRESS";
  const { strategy = "ROLLING" } = deployment.configuration;
  // The first of a service has nothing to stand beside.
  if (strategy === "ROLLING" || deployment.sources.length === 0) {
    deployment.target.wanted = service.desiredCount;
    return;
  }
  enter(deployment, "PRE_SCALE_UP", { minuteMs: 1 });
}

function keepCount(service: FakeService): void {
  const { revisions, desiredCount } = service;
  const last = revisions.at(-1);
  if (last && revisions.length === 1) last.wanted = desiredCount;
}

/** A changed count is for both sides. */
function keepCounts({ desiredCount }: FakeService, { stage, target, sources }: FakeDeployment): void {
  if (stage !== "PRE_SCALE_UP") target.wanted = desiredCount;
  if (stage !== undefined && stage !== "CLEAN_UP") for (const source of sources) source.wanted = desiredCount;
}

function roll(service: FakeService, deployment: FakeDeployment): void {
  if (runningOf(service, deployment.target) < service.desiredCount) return;
  cleanUp(service, deployment);
}

/** Three tasks that never ran are enough for the breaker, as for a small service of the real one. */
const threshold = 3;

function hasFailed(service: FakeService, deployment: FakeDeployment): boolean {
  const { enable, rollback } = deployment.configuration.deploymentCircuitBreaker ?? {};
  if (!enable || deployment.isTriggered || deployment.failures < threshold) return false;
  deployment.isTriggered = true;
  tellEvent(service, `(deployment ${deployment.id}) deployment failed: tasks failed to start.`);
  if (rollback)
    requestReturn(
      deployment,
      "Service deployment rolled back because the circuit breaker threshold was exceeded.",
    );
  return true;
}

const order: readonly ServiceDeploymentLifecycleStage[] = [
  "PRE_SCALE_UP",
  "SCALE_UP",
  "POST_SCALE_UP",
  "TEST_TRAFFIC_SHIFT",
  "POST_TEST_TRAFFIC_SHIFT",
  "PRODUCTION_TRAFFIC_SHIFT",
  "POST_PRODUCTION_TRAFFIC_SHIFT",
  "BAKE_TIME",
  "CLEAN_UP",
];

function step(service: FakeService, deployment: FakeDeployment, pace: Pace): void {
  const { stage, target, configuration } = deployment;
  const lasted = Date.now() - deployment.stageAt;
  if (stage === "SCALE_UP" && runningOf(service, target) < service.desiredCount) return;
  if (stage === "PRODUCTION_TRAFFIC_SHIFT" && !shiftOn(deployment, pace)) return;
  if (stage === "BAKE_TIME" && lasted < (configuration.bakeTimeInMinutes ?? 0) * pace.minuteMs) return;
  if (stage === "CLEAN_UP") {
    cleanUp(service, deployment);
    return;
  }
  const next = order[order.indexOf(stage ?? "PRE_SCALE_UP") + 1] ?? "CLEAN_UP";
  enter(deployment, next, pace);
  if (next === "TEST_TRAFFIC_SHIFT" && target.testWeight !== undefined) target.testWeight = 100;
  if (next === "PRODUCTION_TRAFFIC_SHIFT") shiftOn(deployment, pace);
}

/** Whether all the traffic is there; a canary goes in two steps, linear in many. */
function shiftOn(deployment: FakeDeployment, { minuteMs }: Pace): boolean {
  const { target, sources, configuration } = deployment;
  if (target.weight === undefined || target.weight === 100) return true;
  const { strategy, canaryConfiguration: canary = {}, linearConfiguration: linear = {} } = configuration;
  const [first, bake] =
    strategy === "CANARY"
      ? [canary.canaryPercent ?? 5, canary.canaryBakeTimeInMinutes ?? 10]
      : [linear.stepPercent ?? 10, linear.stepBakeTimeInMinutes ?? 6];
  const isFirst = target.weight === 0;
  if (!isFirst && Date.now() - deployment.stageAt < bake * minuteMs) return false;
  const isWhole = strategy === "BLUE_GREEN" || (strategy === "CANARY" && !isFirst);
  target.weight = isWhole ? 100 : Math.min(100, target.weight + first);
  for (const source of sources) source.weight = (100 - target.weight) / sources.length;
  deployment.stageAt = Date.now();
  return target.weight === 100;
}

function enter(deployment: FakeDeployment, stage: ServiceDeploymentLifecycleStage, { minuteMs }: Pace): void {
  Object.assign(deployment, { stage, stageAt: Date.now() });
  const { lifecycleHooks = [] } = deployment.configuration;
  const here = lifecycleHooks.filter(
    ({ targetType, lifecycleStages = [] }) =>
      targetType === "PAUSE" && lifecycleStages.includes(stage as DeploymentLifecycleHookStage),
  );
  if (here.length === 0) return;
  deployment.hooks = here.map(({ timeoutConfiguration = {} }): FakeHook => {
    const { timeoutInMinutes = 1_440, action = "ROLLBACK" } = timeoutConfiguration;
    const expiresAt = Date.now() + timeoutInMinutes * Math.max(minuteMs, 1);
    return { id: `ecs-pause-${makeId()}`, expiresAt, timeoutAction: action, status: "AWAITING_ACTION" };
  });
}

function waits(deployment: FakeDeployment): boolean {
  const waiting = deployment.hooks.filter(({ status }) => status === "AWAITING_ACTION");
  for (const hook of waiting) {
    if (Date.now() < hook.expiresAt) return true;
    hook.status = "TIMED_OUT";
    if (hook.timeoutAction === "ROLLBACK") requestReturn(deployment, "a lifecycle hook timed out");
  }
  return false;
}

function cleanUp(service: FakeService, deployment: FakeDeployment): void {
  for (const source of deployment.sources) source.wanted = 0;
  if (deployment.sources.some((source) => aliveOf(service, source).length > 0)) return;
  service.revisions = [deployment.target];
  Object.assign(deployment, { status: "SUCCESSFUL", finishedAt: Date.now() });
  tellEvent(service, "has reached a steady state.");
}

function beginReturn(service: FakeService, deployment: FakeDeployment): void {
  const { sources, target } = deployment;
  deployment.status = "ROLLBACK_IN_PROGRESS";
  for (const source of sources) {
    source.wanted = service.desiredCount;
    if (source.weight !== undefined) source.weight = 100 / sources.length;
    if (!service.revisions.includes(source)) service.revisions.unshift(source);
  }
  if (target.weight !== undefined) Object.assign(target, { weight: 0, testWeight: 0 });
}

function goBack(service: FakeService, deployment: FakeDeployment): void {
  const { sources, target } = deployment;
  const isUp = sources.every((source) => runningOf(service, source) >= service.desiredCount);
  if (!isUp) return;
  target.wanted = 0;
  if (aliveOf(service, target).length > 0) return;
  service.revisions = [...sources];
  const [source] = sources;
  if (source) service.definition = source.definition;
  Object.assign(deployment, { status: "ROLLBACK_SUCCESSFUL", finishedAt: Date.now() });
}
