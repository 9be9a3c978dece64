import type { ContainerDefinition, TaskDefinition } from "@aws-sdk/client-ecs";
import { TradewindError } from "#infra/runtime/errors.ts";

/** The variables by which a container learns what it is part of. */
export const variables = { models: "TRADEWIND_MODELS", deployment: "TRADEWIND_DEPLOYMENT" } as const;

export type Described = {
  readonly image: string | undefined;
  readonly models: string | undefined;
  /** Of the deployment that made the definition, if it was one of ours. */
  readonly id: string | undefined;
};

export function describe(definition: TaskDefinition, container: string | undefined): Described {
  const backend = find(definition, container);
  const read = (name: string): string | undefined =>
    backend?.environment?.find((variable) => variable.name === name)?.value;
  return { image: backend?.image, models: read(variables.models), id: read(variables.deployment) };
}

/** The backend's container among those of a task: the one that is named, or the first. */
export function backendOf(definition: TaskDefinition, container: string | undefined): ContainerDefinition {
  const found = find(definition, container);
  if (found) return found;
  const { family = "", containerDefinitions = [] } = definition;
  const names = containerDefinitions.map(({ name }) => name).join(", ");
  throw new TradewindError(
    "provider_missing",
    `task definition ${family} has no container ${container ?? ""}`.trim(),
    { hint: names === "" ? "give it a container" : `its containers are ${names}; name one under container` },
  );
}

function find(
  { containerDefinitions = [] }: TaskDefinition,
  container: string | undefined,
): ContainerDefinition | undefined {
  return container === undefined
    ? containerDefinitions[0]
    : containerDefinitions.find(({ name }) => name === container);
}
