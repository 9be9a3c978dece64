import type { Service, Task, TaskDefinition } from "@aws-sdk/client-ecs";
import { findPrice } from "../price-book.ts";
import type { FoundService, Survey } from "../survey.ts";
import { type Ecs, openEcs } from "./ask-ecs.ts";

const kind = "ecs";
const mostClusters = 20;
/** As many as ECS describes at once. */
const mostServices = 10;
const mostPages = 10;

/**
 * The services of some regions that could be backends. Beside what the gateway may do, this lists clusters and services and
 * looks at the machines (`ecs:ListClusters`, `ecs:ListServices`, `ecs:DescribeContainerInstances`).
 */
export const survey: Survey = async ({ regions, api, signal }, surroundings) => {
  const found: FoundService[] = [];
  for (const region of regions) {
    const ecs = await openEcs({ region, api: api[kind], what: `the services of ${region}` }, surroundings);
    try {
      found.push(...(await surveyRegion({ ecs, region, signal })));
    } finally {
      ecs.close();
    }
  }
  return found;
};

type Look = { readonly ecs: Ecs; readonly region: string; readonly signal: AbortSignal };

async function surveyRegion(look: Look): Promise<readonly FoundService[]> {
  const { ecs, signal } = look;
  const { clusterArns = [] } = await ecs.listClusters({}, signal);
  const found: FoundService[] = [];
  for (const cluster of clusterArns.slice(0, mostClusters)) {
    const services = await servicesOf(look, cluster);
    for (const service of services.filter(({ status }) => status !== "INACTIVE"))
      found.push(await describeFound(look, cluster, service));
  }
  return found;
}

async function servicesOf({ ecs, signal }: Look, cluster: string): Promise<readonly Service[]> {
  const all: Service[] = [];
  let nextToken: string | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const asked = { cluster, maxResults: mostServices };
    const { serviceArns = [], ...more } = await ecs.listServices(
      nextToken === undefined ? asked : { ...asked, nextToken },
      signal,
    );
    const services = serviceArns.slice(0, mostServices);
    if (services.length > 0)
      all.push(...((await ecs.describeServices({ cluster, services }, signal)).services ?? []));
    nextToken = more.nextToken;
    if (!nextToken) break;
  }
  return all;
}

async function describeFound(look: Look, cluster: string, service: Service): Promise<FoundService> {
  const { serviceName = "", taskDefinition: named = "", desiredCount = 0, runningCount = 0 } = service;
  const { taskDefinition = {} } = await look.ecs.describeTaskDefinition(
    { taskDefinition: named },
    look.signal,
  );
  const task = await oneTask(look, cluster, serviceName);
  const machine = await machineOf(look, cluster, task);
  const price = machine && `aws/${machine}/${look.region}`;
  return {
    kind,
    name: serviceName,
    settings: settingsOf(look, { cluster, service, definition: taskDefinition }),
    hasGpu: gpusOf(taskDefinition) > 0,
    price: price !== undefined && findPrice(price) ? price : undefined,
    isProvisioned: true,
    notes: [
      `${runningCount} of ${desiredCount} tasks run${machine === undefined ? "" : ` on ${machine}`}`,
      ...(taskDefinition.networkMode === "awsvpc"
        ? []
        : ["its tasks have no addresses of their own: give its load balancer under endpoints"]),
    ],
  };
}

type Found = { readonly cluster: string; readonly service: Service; readonly definition: TaskDefinition };

function settingsOf({ region }: Look, { cluster, service, definition }: Found): FoundService["settings"] {
  const launch = launchOf(service, definition);
  const gpus = gpusOf(definition);
  const port = definition.containerDefinitions?.[0]?.portMappings?.[0]?.containerPort;
  return {
    region,
    cluster: cluster.slice(cluster.lastIndexOf("/") + 1),
    service: service.serviceName ?? "",
    ...(launch !== "ec2" && { launch }),
    ...(launch !== "fargate" && gpus !== 1 && { gpus }),
    ...(port !== undefined && port !== 8_000 && { port }),
  };
}

function launchOf(
  { launchType, capacityProviderStrategy = [] }: Service,
  definition: TaskDefinition,
): string {
  const isFargate = capacityProviderStrategy.some(({ capacityProvider = "" }) =>
    capacityProvider.startsWith("FARGATE"),
  );
  if (launchType === "FARGATE" || isFargate) return "fargate";
  const { requiresCompatibilities = [] } = definition;
  return requiresCompatibilities.includes("MANAGED_INSTANCES") ? "managed-instances" : "ec2";
}

function gpusOf({ containerDefinitions = [] }: TaskDefinition): number {
  const wanted = containerDefinitions
    .flatMap(({ resourceRequirements = [] }) => resourceRequirements)
    .filter(({ type }) => type === "GPU")
    .map(({ value }) => Number(value));
  return wanted.reduce((sum, count) => sum + (Number.isInteger(count) ? count : 0), 0);
}

async function oneTask(
  { ecs, signal }: Look,
  cluster: string,
  serviceName: string,
): Promise<Task | undefined> {
  const { taskArns = [] } = await ecs.listTasks({ cluster, serviceName, maxResults: 1 }, signal);
  const [arn] = taskArns;
  return arn === undefined
    ? undefined
    : (await ecs.describeTasks({ cluster, tasks: [arn] }, signal)).tasks?.[0];
}

/** The type of the machine that a task runs on, such as `g6.xlarge`; Fargate has none. */
async function machineOf(
  { ecs, signal }: Look,
  cluster: string,
  task: Task | undefined,
): Promise<string | undefined> {
  const arn = task?.containerInstanceArn;
  if (arn === undefined) return undefined;
  const { containerInstances = [] } = await ecs.describeContainerInstances(
    { cluster, containerInstances: [arn] },
    signal,
  );
  const type = containerInstances[0]?.attributes?.find(({ name }) => name === "ecs.instance-type")?.value;
  return type !== undefined && /^[a-z0-9-]{2,20}\.[a-z0-9-]{2,20}$/.test(type) ? type : undefined;
}
