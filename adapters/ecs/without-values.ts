import type { ContainerDefinition, KeyValuePair, RegisterTaskDefinitionRequest } from "@aws-sdk/client-ecs";
import { variables } from "./container.ts";

/**
 * A request as it may be told to logs and terminals. Containers are sent whole, with all the variables that somebody else
 * has set in them, and their values are nobody else's business.
 */
export function withoutValues(request: RegisterTaskDefinitionRequest): RegisterTaskDefinitionRequest {
  return { ...request, containerDefinitions: request.containerDefinitions?.map(hideIn) };
}

const hidden = "(as it is there)";
const ours: ReadonlySet<string> = new Set(Object.values(variables));

function hideIn(container: ContainerDefinition): ContainerDefinition {
  const { environment, logConfiguration } = container;
  return {
    ...container,
    ...(environment && { environment: environment.map(hide) }),
    ...(logConfiguration?.options && {
      logConfiguration: { ...logConfiguration, options: hideAll(logConfiguration.options) },
    }),
  };
}

function hide(variable: KeyValuePair): KeyValuePair {
  return ours.has(variable.name ?? "") ? variable : { ...variable, value: hidden };
}

/** Where logs go may hold a token of whoever takes them. */
function hideAll(options: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.keys(options).map((name) => [name, hidden]));
}
