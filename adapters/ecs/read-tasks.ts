import type { Task } from "@aws-sdk/client-ecs";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Ecs } from "./ask-ecs.ts";
import { type Place, shortName, tellFailures } from "./read-service.ts";

const pageSize = 100;
/** As many pages as a service has tasks at most, by its quota; of those that stopped the first tell enough. */
const mostPages = { RUNNING: 50, STOPPED: 2 } as const;

/** The tasks that the service means to run, or those that it stopped within the last hour. */
export async function readTasks(
  ecs: Ecs,
  place: Place,
  { desiredStatus, signal }: { readonly desiredStatus: "RUNNING" | "STOPPED"; readonly signal: AbortSignal },
): Promise<readonly Task[]> {
  const arns = await list(ecs, place, desiredStatus, signal);
  const tasks: Task[] = [];
  for (let from = 0; from < arns.length; from += pageSize) {
    const some = arns.slice(from, from + pageSize);
    const answer = await ecs.describeTasks({ cluster: place.cluster, tasks: some }, signal);
    // A task may go between the two questions, which is no failure of anybody.
    tellFailures(
      answer.failures?.filter(({ reason }) => reason !== "MISSING"),
      "tasks",
    );
    tasks.push(...(answer.tasks ?? []));
  }
  return tasks;
}

async function list(
  ecs: Ecs,
  { cluster, service }: Place,
  desiredStatus: "RUNNING" | "STOPPED",
  signal: AbortSignal,
): Promise<readonly string[]> {
  const arns: string[] = [];
  let nextToken: string | undefined;
  for (let page = 0; page < mostPages[desiredStatus]; page += 1) {
    const asked = { cluster, serviceName: shortName(service), desiredStatus, maxResults: pageSize };
    const more = nextToken === undefined ? asked : { ...asked, nextToken };
    const answer = await ecs.listTasks(more, signal);
    arns.push(...(answer.taskArns ?? []));
    nextToken = answer.nextToken;
    if (!nextToken) return arns;
  }
  if (desiredStatus === "STOPPED") return arns;
  throw new TradewindError(
    "provider_answer_invalid",
    `ECS lists more than ${mostPages.RUNNING} pages of tasks`,
  );
}
