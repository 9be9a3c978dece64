import type { Container } from "@azure/arm-appcontainers";
import type { AppPatch } from "./app-patch.ts";
import { deploymentVariable, modelsVariable } from "./who-stands.ts";

const ours: ReadonlySet<string> = new Set([deploymentVariable, modelsVariable]);
const hidden = "(as it is)";

/** A change as it may be shown: variables that somebody else gave may be secrets. */
export function hideValues(patch: AppPatch): AppPatch {
  const { template } = patch;
  if (!template?.containers) return patch;
  return { ...patch, template: { ...template, containers: template.containers.map(hideIn) } };
}

function hideIn(container: Container): Container {
  const { env } = container;
  if (!env) return container;
  const shown = env.map((variable) =>
    variable.value === undefined || ours.has(variable.name ?? "") ? variable : { ...variable, value: hidden },
  );
  return { ...container, env: shown };
}
