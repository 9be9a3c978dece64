import type * as Sdk from "@aws-sdk/client-ecs";
import { definitionNamed, inCluster, wanted } from "./answer-reads.ts";
import { client, EcsRefusal, invalid } from "./ecs-refusal.ts";
import {
  arnOf,
  beginDeployment,
  type FakeCluster,
  type FakeDefinition,
  type FakeDeployment,
  type FakeService,
} from "./ecs-state.ts";
import { requestReturn } from "./run-deployment.ts";
import { showDefinition, showService } from "./show-service.ts";

type Handler<Input> = (cluster: FakeCluster, input: Input) => object;

export const changes = {
  UpdateService: (cluster: FakeCluster, input: Sdk.UpdateServiceRequest) => {
    inCluster(cluster, input.cluster);
    const service = wanted(cluster, input.service);
    if (service.isDeleted) throw new EcsRefusal("ServiceNotActiveException", "Service was not ACTIVE.");
    const definition = definitionOf(cluster, input.taskDefinition);
    if (input.deploymentConfiguration) configure(service, input.deploymentConfiguration);
    if (input.capacityProviderStrategy) place(cluster, service, input.capacityProviderStrategy);
    if (input.desiredCount !== undefined) service.desiredCount = counted(input.desiredCount);
    const isNew = definition !== undefined && definition !== service.definition;
    if (isNew || input.forceNewDeployment)
      beginDeployment(cluster, service, definition ?? service.definition);
    return { service: showService(service, cluster, false) };
  },
  RegisterTaskDefinition: (cluster: FakeCluster, input: Sdk.RegisterTaskDefinitionRequest) => {
    const definition = register(cluster, input);
    return { taskDefinition: showDefinition(definition), tags: definition.tags };
  },
  DeregisterTaskDefinition: (cluster: FakeCluster, input: Sdk.DeregisterTaskDefinitionRequest) => {
    const definition = definitionNamed(cluster, input.taskDefinition);
    if (!definition) throw client("The specified task definition does not exist.");
    definition.status = "INACTIVE";
    return { taskDefinition: showDefinition(definition) };
  },
  ContinueServiceDeployment: (cluster: FakeCluster, input: Sdk.ContinueServiceDeploymentRequest) => {
    const deployment = deploymentNamed(cluster, input.serviceDeploymentArn);
    const hook = deployment.hooks.find(({ id }) => id === input.hookId);
    if (deployment.status !== "IN_PROGRESS" || hook?.status !== "AWAITING_ACTION")
      throw invalid("The lifecycle hook is not awaiting an action.");
    hook.status = "SUCCEEDED";
    if (input.action === "ROLLBACK")
      requestReturn(deployment, "Service deployment rolled back by a lifecycle hook.");
    return { serviceDeploymentArn: deployment.arn };
  },
  StopServiceDeployment: (cluster: FakeCluster, input: Sdk.StopServiceDeploymentRequest) => {
    const deployment = deploymentNamed(cluster, input.serviceDeploymentArn);
    const { status } = deployment;
    if (status === "PENDING" || status === "IN_PROGRESS")
      requestReturn(deployment, "Service deployment rolled back by StopServiceDeployment.");
    else if (!status.startsWith("ROLLBACK_REQ") && !status.startsWith("ROLLBACK_IN"))
      throw new EcsRefusal("ConflictException", `Service deployment is ${status} and cannot be stopped.`);
    return { serviceDeploymentArn: deployment.arn };
  },
} satisfies Readonly<Record<string, Handler<never>>>;

/** Registers what a test begins with, as if somebody had done so before. */
export function register(cluster: FakeCluster, input: Sdk.RegisterTaskDefinitionRequest): FakeDefinition {
  const { family = "", containerDefinitions = [], requiresCompatibilities = [], tags = [] } = input;
  if (!/^[\w-]{1,255}$/.test(family)) throw client("Invalid family.");
  checkContainers(containerDefinitions, requiresCompatibilities);
  if (tags.length > 50 || tags.some(({ key = "" }) => key.startsWith("aws:"))) throw invalid("Invalid tags.");
  const revision = cluster.definitions.filter((one) => one.family === family).length + 1;
  const definition: FakeDefinition = {
    arn: arnOf(cluster.region, "task-definition", `${family}:${revision}`),
    family,
    revision,
    registered: input,
    tags,
    at: Date.now(),
    status: "ACTIVE",
  };
  cluster.definitions.push(definition);
  return definition;
}

function checkContainers(
  containers: readonly Sdk.ContainerDefinition[],
  compatibilities: readonly string[],
): void {
  if (containers.length === 0)
    throw client("Task definitions must contain at least one container definition.");
  for (const { name, image, resourceRequirements = [], environment = [] } of containers) {
    if (!name || !image) throw client("Container.name and Container.image should not be null or empty.");
    if (compatibilities.includes("FARGATE") && resourceRequirements.some(({ type }) => type === "GPU"))
      throw client("Tasks using the Fargate launch type do not support GPU resource requirements.");
    const names = environment.map((variable) => variable.name);
    if (new Set(names).size < names.length) throw client("Environment variables are named twice.");
  }
}

function definitionOf(cluster: FakeCluster, name: string | undefined): FakeDefinition | undefined {
  if (name === undefined) return undefined;
  const definition = definitionNamed(cluster, name);
  if (!definition) throw client("TaskDefinition not found.");
  if (definition.status === "INACTIVE") throw client("TaskDefinition is inactive");
  return definition;
}

function configure(service: FakeService, given: Sdk.DeploymentConfiguration): void {
  const { strategy = "ROLLING", lifecycleHooks = [], canaryConfiguration, linearConfiguration } = given;
  if (strategy === "BLUE_GREEN" && given.bakeTimeInMinutes === undefined)
    throw invalid("bakeTimeInMinutes is required with the BLUE_GREEN strategy.");
  if ((strategy === "CANARY" || strategy === "LINEAR") && !service.hasLoadBalancer)
    throw invalid(`The ${strategy} strategy needs a load balancer, Service Connect or VPC Lattice.`);
  if (canaryConfiguration && strategy !== "CANARY") throw invalid("canaryConfiguration is for CANARY only.");
  if (linearConfiguration && strategy !== "LINEAR") throw invalid("linearConfiguration is for LINEAR only.");
  const percents: readonly (readonly [number | undefined, number])[] = [
    [canaryConfiguration?.canaryPercent, 0.1],
    [linearConfiguration?.stepPercent, 3],
  ];
  for (const [percent, least] of percents)
    if (percent !== undefined && !(percent >= least && percent <= 100)) throw invalid("Invalid percent.");
  for (const hook of lifecycleHooks) checkHook(hook);
  service.configuration = { ...service.configuration, ...given };
}

function checkHook(hook: Sdk.DeploymentLifecycleHook): void {
  const { targetType = "AWS_LAMBDA", hookTargetArn, roleArn, lifecycleStages = [] } = hook;
  if (lifecycleStages.length === 0) throw invalid("lifecycleStages cannot be empty.");
  if (targetType !== "PAUSE") return;
  if (hookTargetArn !== undefined || roleArn !== undefined) throw invalid("PAUSE hooks have no target.");
  if (lifecycleStages.some((stage) => stage.endsWith("TRAFFIC_SHIFT") && /^(TEST|PRODUCTION)/.test(stage)))
    throw invalid("PAUSE hooks cannot be configured at a traffic shift.");
}

function place(cluster: FakeCluster, service: FakeService, given: Sdk.CapacityProviderStrategyItem[]): void {
  for (const { capacityProvider = "" } of given)
    if (!cluster.capacityProviders.includes(capacityProvider))
      throw invalid(`The specified capacity provider '${capacityProvider}' was not found.`);
  if (given.filter(({ base = 0 }) => base > 0).length > 1)
    throw invalid("Only one capacity provider may have a base value greater than 0.");
  service.capacityProviderStrategy = given;
}

function counted(desiredCount: number): number {
  if (Number.isInteger(desiredCount) && desiredCount >= 0) return desiredCount;
  throw invalid("desiredCount must be a whole number.");
}

function deploymentNamed({ services }: FakeCluster, arn: string | undefined): FakeDeployment {
  const found = services.flatMap(({ deployments }) => deployments).find((one) => one.arn === arn);
  if (!found) throw new EcsRefusal("ServiceDeploymentNotFoundException", "Service deployment not found.");
  return found;
}
