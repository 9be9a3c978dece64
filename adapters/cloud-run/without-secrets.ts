import { deploymentVariable, modelsVariable } from "./read-status.ts";
import type { UpdateRequest } from "./run-api.ts";

/**
 * A request as it may be told to logs and terminals. A template is sent whole, with all the variables that somebody else
 * has set in it, and their values are nobody else's business.
 */
export function withoutSecrets(request: UpdateRequest): UpdateRequest {
  const { service } = request;
  const containers = service?.template?.containers;
  if (!containers) return request;
  const told = containers.map((container) => ({
    ...container,
    env: (container.env ?? []).map((variable) => (isOurs(variable) ? variable : hidden(variable))),
  }));
  return { ...request, service: { ...service, template: { ...service.template, containers: told } } };
}

type Variable = { readonly name?: string | null; readonly value?: string | null };

function isOurs({ name }: Variable): boolean {
  return name === modelsVariable || name === deploymentVariable;
}

function hidden<Other extends Variable>(variable: Other): Other {
  return typeof variable.value === "string" ? { ...variable, value: "(as it is there)" } : variable;
}
