import type * as Sdk from "@aws-sdk/client-ecs";
import { client, EcsRefusal, invalid } from "./ecs-refusal.ts";
import type { FakeCluster, FakeDefinition, FakeService } from "./ecs-state.ts";
import {
  showBrief,
  showDefinition,
  showDeployment,
  showRevision,
  showService,
  showTask,
} from "./show-service.ts";

type Handler<Input> = (cluster: FakeCluster, input: Input) => object;

export const reads = {
  DescribeServices: (cluster: FakeCluster, input: Sdk.DescribeServicesRequest) => {
    inCluster(cluster, input.cluster);
    const asked = most(input.services, 10, "services");
    const found = asked.map((name) => ({ name, service: find(cluster, name) }));
    return {
      services: found.flatMap(({ service }) =>
        service ? [showService(service, cluster, input.include?.includes("TAGS") ?? false)] : [],
      ),
      failures: missing(found.flatMap(({ name, service }) => (service ? [] : [`${cluster.arn}/${name}`]))),
    };
  },
  ListClusters: (cluster: FakeCluster, _input: Sdk.ListClustersRequest) => ({ clusterArns: [cluster.arn] }),
  ListServices: (cluster: FakeCluster, input: Sdk.ListServicesRequest) => {
    inCluster(cluster, input.cluster);
    const { page, nextToken } = pageOf(cluster.services, input, 10);
    return { serviceArns: page.map(({ arn }) => arn), nextToken };
  },
  DescribeContainerInstances: (cluster: FakeCluster, input: Sdk.DescribeContainerInstancesRequest) => {
    inCluster(cluster, input.cluster);
    const arns = most(input.containerInstances, 100, "containerInstances");
    const attributes = [{ name: "ecs.instance-type", value: cluster.machine }];
    return { containerInstances: arns.map((containerInstanceArn) => ({ containerInstanceArn, attributes })) };
  },
  ListServiceDeployments: (cluster: FakeCluster, input: Sdk.ListServiceDeploymentsRequest) => {
    inCluster(cluster, input.cluster);
    const service = wanted(cluster, input.service);
    const { page, nextToken } = pageOf(service.deployments.slice(service.isListedLate ? 1 : 0), input, 20);
    return { serviceDeployments: page.map((one) => showBrief(service, cluster, one)), nextToken };
  },
  DescribeServiceDeployments: (cluster: FakeCluster, input: Sdk.DescribeServiceDeploymentsRequest) => {
    const arns = most(input.serviceDeploymentArns, 20, "serviceDeploymentArns");
    const all = cluster.services.flatMap((service) => service.deployments.map((one) => ({ service, one })));
    const found = all.filter(({ one }) => arns.includes(one.arn));
    const known = found.map(({ one }) => one.arn);
    return {
      serviceDeployments: found.map(({ service, one }) => showDeployment(service, cluster, one)),
      failures: missing(arns.filter((arn) => !known.includes(arn))),
    };
  },
  DescribeServiceRevisions: (cluster: FakeCluster, input: Sdk.DescribeServiceRevisionsRequest) => {
    const arns = most(input.serviceRevisionArns, 20, "serviceRevisionArns");
    const all = cluster.services.flatMap((service) =>
      service.deployments.map(({ target }) => ({ service, revision: target })),
    );
    const found = all.filter(({ revision }) => arns.includes(revision.arn));
    const known = found.map(({ revision }) => revision.arn);
    return {
      serviceRevisions: found.map(({ service, revision }) => showRevision(service, cluster, revision)),
      failures: missing(arns.filter((arn) => !known.includes(arn))),
    };
  },
  DescribeTaskDefinition: (cluster: FakeCluster, input: Sdk.DescribeTaskDefinitionRequest) => {
    const definition = definitionNamed(cluster, input.taskDefinition);
    if (!definition) throw client("Unable to describe task definition.");
    const tags = input.include?.includes("TAGS") ? { tags: definition.tags } : {};
    return { taskDefinition: showDefinition(definition), ...tags };
  },
  ListTaskDefinitions: (cluster: FakeCluster, input: Sdk.ListTaskDefinitionsRequest) => {
    const { familyPrefix, status = "ACTIVE", sort = "ASC" } = input;
    const found = cluster.definitions.filter(
      (one) => one.status === status && (familyPrefix === undefined || one.family === familyPrefix),
    );
    const sorted = found.toSorted((a, b) => (a.revision - b.revision) * (sort === "DESC" ? -1 : 1));
    const { page, nextToken } = pageOf(sorted, input, 100);
    return { taskDefinitionArns: page.map(({ arn }) => arn), nextToken };
  },
  ListTasks: (cluster: FakeCluster, input: Sdk.ListTasksRequest) => {
    inCluster(cluster, input.cluster);
    const { desiredStatus = "RUNNING", serviceName = "" } = input;
    if (serviceName.includes("/")) throw invalid("Identifier is for another resource.");
    const { tasks } = wanted(cluster, serviceName);
    const found = tasks.filter((task) => (task.lastStatus === "STOPPED") === (desiredStatus === "STOPPED"));
    const { page, nextToken } = pageOf(found, input, 100);
    return { taskArns: page.map(({ arn }) => arn), nextToken };
  },
  DescribeTasks: (cluster: FakeCluster, input: Sdk.DescribeTasksRequest) => {
    inCluster(cluster, input.cluster);
    const arns = most(input.tasks, 100, "tasks");
    const all = cluster.services.flatMap((service) => service.tasks.map((task) => ({ service, task })));
    const found = all.filter(({ task }) => arns.includes(task.arn));
    const known = found.map(({ task }) => task.arn);
    return {
      tasks: found.map(({ service, task }) => showTask(task, cluster, service)),
      failures: missing(arns.filter((arn) => !known.includes(arn))),
    };
  },
} satisfies Readonly<Record<string, Handler<never>>>;

export function inCluster({ name, arn }: FakeCluster, asked: string | undefined): void {
  if (asked !== name && asked !== arn) throw new EcsRefusal("ClusterNotFoundException", "Cluster not found.");
}

export function wanted(cluster: FakeCluster, name: string | undefined): FakeService {
  const service = find(cluster, name);
  if (!service) throw new EcsRefusal("ServiceNotFoundException", "Service not found.");
  return service;
}

/** By its ARN, by family and revision, or by the family alone, which then means the newest. */
export function definitionNamed(
  { definitions }: FakeCluster,
  name: string | undefined,
): FakeDefinition | undefined {
  const short = name?.slice(name.lastIndexOf("/") + 1);
  return definitions.findLast(
    ({ family, revision, status }) =>
      short === `${family}:${revision}` || (short === family && status === "ACTIVE"),
  );
}

function find({ services }: FakeCluster, asked: string | undefined): FakeService | undefined {
  return services.find(({ name, arn }) => asked === name || asked === arn);
}

function most(given: string[] | undefined, count: number, what: string): readonly string[] {
  if (given === undefined || given.length === 0) throw invalid(`${what} cannot be empty.`);
  if (given.length > count) throw invalid(`${what} can have at most ${count} items.`);
  return given;
}

function missing(arns: readonly string[]): readonly object[] {
  return arns.map((arn) => ({ arn, reason: "MISSING" }));
}

type Paged = { readonly maxResults?: number | undefined; readonly nextToken?: string | undefined };

function pageOf<Item>(
  items: readonly Item[],
  { maxResults, nextToken }: Paged,
  usual: number,
): { readonly page: readonly Item[]; readonly nextToken: string | undefined } {
  if (maxResults !== undefined && !(maxResults >= 1 && maxResults <= 100))
    throw invalid("Invalid maxResults.");
  const from = nextToken === undefined ? 0 : Number(Buffer.from(nextToken, "base64url").toString());
  if (!Number.isInteger(from)) throw invalid("Invalid token.");
  const to = from + (maxResults ?? usual);
  const next = to < items.length ? Buffer.from(String(to)).toString("base64url") : undefined;
  return { page: items.slice(from, to), nextToken: next };
}
