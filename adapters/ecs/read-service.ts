import type {
  Failure,
  Service,
  ServiceDeployment,
  ServiceRevision,
  TaskDefinition,
} from "@aws-sdk/client-ecs";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Api, Ecs } from "./ask-ecs.ts";
import type { Settings } from "./settings.ts";

export type Place = Pick<Settings, "cluster" | "service">;

export function apiOf({ region, api, cluster, service }: Settings): Api {
  return { region, api, what: whatOf({ cluster, service }) };
}

/** The service as it is; one that is missing is no exception for ECS, but it is one here. */
export async function readService(
  ecs: Ecs,
  { cluster, service }: Place,
  signal: AbortSignal,
): Promise<Service> {
  const { services = [], failures } = await ecs.describeServices({ cluster, services: [service] }, signal);
  const [found] = services;
  const what = whatOf({ cluster, service });
  tellFailures(failures, what);
  if (found === undefined || found.status === "INACTIVE")
    throw new TradewindError("provider_missing", `there is no ${what}`, {
      hint: "check region, cluster and service; one that was deleted is made again by whoever made it",
    });
  return found;
}

export async function readDeployment(
  ecs: Ecs,
  arn: string,
  signal: AbortSignal,
): Promise<ServiceDeployment | undefined> {
  const answer = await ecs.describeServiceDeployments({ serviceDeploymentArns: [arn] }, signal);
  tellFailures(answer.failures, "service deployment");
  return answer.serviceDeployments?.[0];
}

function whatOf({ cluster, service }: Place): string {
  return `service ${service} in cluster ${cluster}`;
}

/** Revisions never change, so that each is asked for once. */
export type KnownRevisions = {
  /** The task definitions that revisions run, by the revisions' ARNs. */
  readonly taskDefinitions: (
    arns: readonly string[],
    signal: AbortSignal,
  ) => Promise<ReadonlyMap<string, string>>;
};

const mostAtOnce = 20;
const mostKept = 200;

export function knowRevisions(ecs: Ecs): KnownRevisions {
  const known = new Map<string, string>();
  return {
    taskDefinitions: async (arns, signal) => {
      const unknown = [...new Set(arns)].filter((arn) => !known.has(arn)).slice(0, mostAtOnce);
      if (known.size > mostKept) known.clear();
      if (unknown.length > 0)
        for (const [arn, definition] of await ask(ecs, unknown, signal)) known.set(arn, definition);
      return known;
    },
  };
}

async function ask(
  ecs: Ecs,
  serviceRevisionArns: string[],
  signal: AbortSignal,
): Promise<readonly (readonly [string, string])[]> {
  const { serviceRevisions = [] } = await ecs.describeServiceRevisions({ serviceRevisionArns }, signal);
  return serviceRevisions.flatMap(pair);
}

function pair({
  serviceRevisionArn,
  taskDefinition,
}: ServiceRevision): readonly (readonly [string, string])[] {
  return serviceRevisionArn === undefined || taskDefinition === undefined
    ? []
    : [[serviceRevisionArn, taskDefinition]];
}

export async function readTaskDefinition(
  ecs: Ecs,
  taskDefinition: string,
  signal: AbortSignal,
): Promise<TaskDefinition> {
  const answer = await ecs.describeTaskDefinition({ taskDefinition }, signal);
  if (answer.taskDefinition) return answer.taskDefinition;
  throw new TradewindError("provider_missing", `there is no task definition ${taskDefinition}`);
}

/** What ECS did not find it says beside what it found. */
export function tellFailures(failures: readonly Failure[] | undefined, what: string): void {
  const [failure] = failures ?? [];
  if (failure === undefined) return;
  const { arn = what, reason = "", detail = "" } = failure;
  const code = /^MISSING/i.test(reason) ? "provider_missing" : "provider_refused";
  throw new TradewindError(
    code,
    `ECS says of ${arn.slice(0, 300)}: ${reason} ${detail}`.slice(0, 500).trim(),
  );
}

/** The last part of an ARN, as people write it: `family:7` of a task definition. */
export function shortName(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}
