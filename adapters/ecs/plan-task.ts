import type {
  Compatibility,
  ContainerDefinition,
  KeyValuePair,
  RegisterTaskDefinitionRequest,
  ResourceRequirement,
  Tag,
  TaskDefinition,
} from "@aws-sdk/client-ecs";
import type { Deployment } from "../control.ts";
import { backendOf, variables } from "./container.ts";
import type { Settings } from "./settings.ts";

export type Present = { readonly definition: TaskDefinition; readonly tags: readonly Tag[] };

/** The present task definition with another image, in the form in which it is registered. */
export function planTask(
  { definition, tags }: Present,
  wanted: Deployment,
  settings: Pick<Settings, "container" | "gpus" | "launch">,
): RegisterTaskDefinitionRequest {
  const backend = backendOf(definition, settings.container);
  const containerDefinitions = (definition.containerDefinitions ?? []).map((container) =>
    container === backend ? changed(container, wanted, settings.gpus) : container,
  );
  return {
    ...kept(definition),
    family: definition.family,
    containerDefinitions,
    requiresCompatibilities: [compatibilities[settings.launch]],
    tags: tagged(tags, wanted.id),
  };
}

const compatibilities: Readonly<Record<Settings["launch"], Compatibility>> = {
  ec2: "EC2",
  "managed-instances": "MANAGED_INSTANCES",
  fargate: "FARGATE",
};

/** What ECS says of a definition and takes again; the rest is its own, such as when it was registered. */
const carried = [
  "taskRoleArn",
  "executionRoleArn",
  "networkMode",
  "volumes",
  "placementConstraints",
  "cpu",
  "memory",
  "pidMode",
  "ipcMode",
  "proxyConfiguration",
  "ephemeralStorage",
  "runtimePlatform",
  "enableFaultInjection",
] as const satisfies readonly (keyof TaskDefinition & keyof RegisterTaskDefinitionRequest)[];

function kept(definition: TaskDefinition): Partial<RegisterTaskDefinitionRequest> {
  return Object.fromEntries(
    carried.flatMap((key) => (definition[key] === undefined ? [] : [[key, definition[key]]])),
  );
}

function changed(container: ContainerDefinition, wanted: Deployment, gpus: number): ContainerDefinition {
  const resourceRequirements = withGpus(container.resourceRequirements ?? [], gpus);
  const { resourceRequirements: _before, ...rest } = container;
  return {
    ...rest,
    image: wanted.image,
    environment: withVariables(container.environment ?? [], wanted),
    ...(resourceRequirements.length > 0 && { resourceRequirements }),
  };
}

/** One that shares its GPU goes on doing so, as long as the count is the same. */
function withGpus(before: readonly ResourceRequirement[], gpus: number): ResourceRequirement[] {
  const others = before.filter(({ type }) => type !== "GPU");
  const present = before.find(({ type, value }) => type === "GPU" && value === String(gpus));
  return gpus === 0 ? others : [...others, present ?? { type: "GPU", value: String(gpus) }];
}

function withVariables(before: readonly KeyValuePair[], { id, models }: Deployment): KeyValuePair[] {
  const ours: readonly KeyValuePair[] = [
    ...(models === undefined ? [] : [{ name: variables.models, value: models }]),
    { name: variables.deployment, value: id },
  ];
  const replaced = new Set(ours.map(({ name }) => name));
  return [...before.filter(({ name }) => !replaced.has(name)), ...ours];
}

const tag = "tradewind:deployment";
/** ECS takes no more on one thing. */
const mostTags = 50;

function tagged(before: readonly Tag[], id: string): Tag[] {
  const others = before.filter(({ key = "" }) => key !== tag && !key.startsWith("aws:"));
  return [...others.slice(0, mostTags - 1), { key: tag, value: id }];
}
