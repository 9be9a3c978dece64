import type { World } from "../world.ts";
import {
  arnOf,
  type FakeCluster,
  type FakeRevision,
  type FakeService,
  type FakeTask,
  makeId,
  tellEvent,
} from "./ecs-state.ts";

export type TaskRunner = {
  readonly world: World;
  readonly cluster: FakeCluster;
  /** The next free address of the fake's own network. */
  readonly nextHost: () => string;
  readonly port: number;
  /** Tasks for which the machines of the cluster have room. */
  readonly room: () => number;
};

/** Looks after a service's tasks once: learns how they are, stops those that are too many and starts those that lack. */
export function runTasks(runner: TaskRunner, service: FakeService): void {
  for (const task of service.tasks) learn(service, task);
  forgetOld(service);
  for (const revision of service.revisions) {
    const alive = aliveOf(service, revision);
    for (const task of alive.slice(revision.wanted))
      stopTask(task, "ServiceSchedulerInitiated", scaledIn(service));
    for (let lacking = revision.wanted - alive.length; lacking > 0; lacking -= 1)
      if (!start(runner, service, revision)) return;
  }
  service.revisions = service.revisions.filter(
    (revision) => revision.wanted > 0 || isKept(service, revision) || aliveOf(service, revision).length > 0,
  );
}

export function aliveOf({ tasks }: FakeService, revision: FakeRevision): readonly FakeTask[] {
  return tasks.filter((task) => task.revision === revision && task.lastStatus !== "STOPPED");
}

export function runningOf(service: FakeService, revision: FakeRevision): number {
  return aliveOf(service, revision).filter(({ lastStatus }) => lastStatus === "RUNNING").length;
}

export function stopTask(task: FakeTask, stopCode: FakeTask["stopCode"], stoppedReason: string): void {
  if (task.lastStatus === "STOPPED") return;
  Object.assign(task, { lastStatus: "STOPPED", stopCode, stoppedReason, stoppedAt: Date.now() });
  void task.instance.stop();
}

function scaledIn({ deployments }: FakeService): string {
  return `Scaling activity initiated by (deployment ${deployments[0]?.id})`;
}

/** A service that sleeps has a revision all the same. */
function isKept({ deployments }: FakeService, revision: FakeRevision): boolean {
  const [newest] = deployments;
  if (newest === undefined) return false;
  const isBack = newest.status.startsWith("ROLLBACK") || newest.status === "STOPPED";
  if (newest.status === "SUCCESSFUL") return newest.target === revision;
  return isBack
    ? newest.sources.includes(revision)
    : newest.target === revision || newest.sources.includes(revision);
}

function learn(service: FakeService, task: FakeTask): void {
  if (task.lastStatus === "STOPPED") return;
  const state = task.instance.state();
  if (state === "ready" && task.lastStatus === "PENDING")
    Object.assign(task, { lastStatus: "RUNNING", startedAt: Date.now() });
  if (state !== "failed") return;
  const hadStarted = task.lastStatus === "RUNNING";
  const code = hadStarted ? "EssentialContainerExited" : "TaskFailedToStart";
  stopTask(task, code, "Essential container in task exited");
  const deployment = service.deployments.find(({ target }) => target === task.revision);
  if (deployment) deployment.failures += 1;
}

function start(runner: TaskRunner, service: FakeService, revision: FakeRevision): boolean {
  const { cluster, world, port, nextHost } = runner;
  if (runner.room() <= 0) {
    tellEvent(
      service,
      "was unable to place a task because no container instance met all of its requirements. Reason: RESOURCE:GPU. For more information, see the Troubleshooting section.",
    );
    return false;
  }
  const [container] = revision.definition.registered.containerDefinitions ?? [];
  const variables = container?.environment ?? [];
  const env = Object.fromEntries(variables.map(({ name = "", value = "" }) => [name, value]));
  const host = nextHost();
  const owner = service.deployments.find(({ target }) => target === revision);
  service.tasks.push({
    arn: arnOf(cluster.region, "task", `${cluster.name}/${makeId()}`),
    revision,
    startedBy: owner?.id ?? "ecs-svc/0",
    host,
    port,
    instance: world.start({ image: container?.image ?? "", env, host, port }),
    createdAt: Date.now(),
    startedAt: undefined,
    stoppedAt: undefined,
    lastStatus: "PENDING",
    stoppedReason: undefined,
    stopCode: undefined,
  });
  return true;
}

const mostRemembered = 500;

function forgetOld({ tasks }: FakeService): void {
  if (tasks.length <= mostRemembered) return;
  const first = tasks.findIndex(({ lastStatus }) => lastStatus === "STOPPED");
  if (first >= 0) tasks.splice(first, 1);
}
