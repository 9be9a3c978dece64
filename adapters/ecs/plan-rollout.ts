import type {
  CapacityProviderStrategyItem,
  DeploymentConfiguration,
  DeploymentStrategy,
  Service,
  UpdateServiceRequest,
} from "@aws-sdk/client-ecs";
import { gateStage, isGate } from "./deployment-phase.ts";
import type { Settings } from "./settings.ts";

/** Puts a task definition beside what answers, and waits there for a word. */
export function planRollout(
  service: Service,
  taskDefinition: string,
  settings: Settings,
): UpdateServiceRequest {
  const { cluster, service: name, endpoints } = settings;
  const stage = gateStage(endpoints !== "tasks" && endpoints.candidateUrl !== undefined);
  const { lifecycleHooks = [], ...rest } = configuration(service, settings);
  return {
    cluster,
    service: name,
    taskDefinition,
    ...placed(service, settings),
    deploymentConfiguration: {
      ...rest,
      lifecycleHooks: [
        ...lifecycleHooks,
        {
          targetType: "PAUSE",
          lifecycleStages: [stage],
          // A candidate that nobody decides about goes away again after a day.
          timeoutConfiguration: { timeoutInMinutes: 1_440, action: "ROLLBACK" },
        },
      ],
    },
  };
}

/** Brings an earlier task definition back, at once and without a word in between. */
export function planReturn(
  service: Service,
  taskDefinition: string,
  settings: Settings,
): UpdateServiceRequest {
  const { cluster, service: name } = settings;
  const deploymentConfiguration = {
    ...configuration(service, { ...settings, bake: 0 }),
    ...atOnce(settings),
  };
  return { cluster, service: name, taskDefinition, deploymentConfiguration };
}

/** How many tasks are to stand, and where; undefined where nothing would change. */
export function planCount(
  service: Service,
  desiredCount: number,
  settings: Settings,
): UpdateServiceRequest | undefined {
  const { cluster, service: name } = settings;
  const request = { cluster, service: name, desiredCount, ...placed(service, settings) };
  return service.desiredCount === desiredCount && !("capacityProviderStrategy" in request)
    ? undefined
    : request;
}

const strategies: Readonly<Record<Settings["strategy"], DeploymentStrategy>> = {
  rolling: "ROLLING",
  "blue-green": "BLUE_GREEN",
  canary: "CANARY",
  linear: "LINEAR",
};

/** What others configured stays, their hooks too; what says how a revision comes in is ours. */
function configuration(
  { deploymentConfiguration = {} }: Service,
  settings: Settings,
): DeploymentConfiguration {
  const { alarms, maximumPercent, minimumHealthyPercent, lifecycleHooks = [] } = deploymentConfiguration;
  const strategy = strategies[settings.strategy];
  return {
    ...(maximumPercent !== undefined && { maximumPercent }),
    ...(minimumHealthyPercent !== undefined && { minimumHealthyPercent }),
    ...(alarms !== undefined && { alarms }),
    deploymentCircuitBreaker: { enable: true, rollback: true },
    strategy,
    ...(strategy !== "ROLLING" && { bakeTimeInMinutes: minutes(settings.bake) }),
    ...steps(settings),
    lifecycleHooks: lifecycleHooks.filter((hook) => !isGate(hook)),
  };
}

function steps({ strategy, step, stepBake }: Settings): DeploymentConfiguration {
  const bake = stepBake === undefined ? undefined : minutes(stepBake);
  if (strategy === "canary")
    return {
      canaryConfiguration: {
        ...(step !== undefined && { canaryPercent: percent(step) }),
        ...(bake !== undefined && { canaryBakeTimeInMinutes: bake }),
      },
    };
  if (strategy !== "linear") return {};
  return {
    linearConfiguration: {
      ...(step !== undefined && { stepPercent: percent(step) }),
      ...(bake !== undefined && { stepBakeTimeInMinutes: bake }),
    },
  };
}

/** All the traffic in one step. */
function atOnce({ strategy }: Settings): DeploymentConfiguration {
  if (strategy === "canary")
    return { canaryConfiguration: { canaryPercent: 100, canaryBakeTimeInMinutes: 0 } };
  if (strategy !== "linear") return {};
  return { linearConfiguration: { stepPercent: 100, stepBakeTimeInMinutes: 0 } };
}

/** ECS counts in whole minutes, up to a day. */
function minutes(ms: number): number {
  return Math.min(1_440, Math.ceil(ms / 60_000));
}

/** In tenths of a percent. */
function percent(share: number): number {
  return Math.round(share * 1_000) / 10;
}

function placed(
  { capacityProviderStrategy = [] }: Service,
  { capacityProviders }: Settings,
): Pick<UpdateServiceRequest, "capacityProviderStrategy"> {
  if (capacityProviders === undefined) return {};
  const wanted = capacityProviders.map(({ name, weight, base }) => ({
    capacityProvider: name,
    weight,
    base,
  }));
  return sameSet(wanted.map(written), capacityProviderStrategy.map(written))
    ? {}
    : { capacityProviderStrategy: wanted };
}

function written({ capacityProvider, weight = 0, base = 0 }: CapacityProviderStrategyItem): string {
  return `${capacityProvider} ${weight} ${base}`;
}

function sameSet(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((item) => other.includes(item));
}
