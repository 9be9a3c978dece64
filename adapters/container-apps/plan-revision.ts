import { createHash } from "node:crypto";
import type { Revision as AppRevision, EnvironmentVar, Template } from "@azure/arm-appcontainers";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Deployment } from "../control.ts";
import { deploymentOf, deploymentVariable, modelsVariable } from "./who-stands.ts";

/** A revision that is to be, whose name follows from what is in it: made twice, it is one. */
export type PlannedRevision = { readonly name: string; readonly template: Template };

export type Bounds = { readonly least: number; readonly most: number };

/** What a copy is called whose original was none of our deployments. */
export const copySlug = "rescaled";

/** What answers now, around another image. */
export function planCandidate(app: string, stable: AppRevision, wanted: Deployment): PlannedRevision {
  const template = templateOf(stable);
  const [first, ...others] = template.containers ?? [];
  const { id, image, models } = wanted;
  const env = withVariables(first?.env ?? [], {
    [deploymentVariable]: id,
    ...(models !== undefined && { [modelsVariable]: models }),
  });
  return named(app, id, { ...template, containers: [{ ...first, image, env }, ...others] });
}

/** The same between other bounds, which a revision cannot change once it is there. */
export function planRescaled(app: string, stable: AppRevision, { least, most }: Bounds): PlannedRevision {
  const template = templateOf(stable);
  const scale = { ...template.scale, minReplicas: least, maxReplicas: most };
  return named(app, deploymentOf(stable) ?? copySlug, { ...template, scale });
}

/** Everything but its name. */
function templateOf({ name = "the revision", template }: AppRevision): Template {
  if (!template?.containers?.[0])
    throw new TradewindError("provider_answer_invalid", `Container Apps does not say what ${name} runs`);
  const { revisionSuffix: _, ...rest } = template;
  return withoutNulls(rest);
}

/** What Azure says is not there would be sent back as something that is to be nothing. */
function withoutNulls(template: Template): Template {
  const dropped = (_key: string, value: unknown): unknown => (value === null ? undefined : value);
  return JSON.parse(JSON.stringify(template), dropped) as Template;
}

function named(app: string, id: string, template: Template): PlannedRevision {
  const digest = createHash("sha256").update(JSON.stringify(template)).digest("hex").slice(0, 6);
  const revisionSuffix = `${slugOf(id)}-${digest}`;
  return { name: `${app}--${revisionSuffix}`, template: { ...template, revisionSuffix } };
}

/** A suffix begins with a letter and has lower-case letters, digits and single dashes. */
function slugOf(id: string): string {
  const slug = id
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 20);
  return /^[a-z]/.test(slug) ? slug.replace(/-$/, "") : `r${slug}`.replace(/-$/, "");
}

function withVariables(
  env: readonly EnvironmentVar[],
  ours: Readonly<Record<string, string>>,
): EnvironmentVar[] {
  const others = env.filter(({ name }) => name === undefined || !Object.hasOwn(ours, name));
  return [...others, ...Object.entries(ours).map(([name, value]) => ({ name, value }))];
}
