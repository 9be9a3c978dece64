import type { Changing, Deployment } from "../control.ts";
import { type Changer, changeService } from "./change-service.ts";
import { findRevision } from "./find-revision.ts";
import { revisionNameFor, templateFor } from "./plan-deploy.ts";
import { besides, rolesOf } from "./plan-traffic.ts";
import { modelsVariable, variableOf } from "./read-status.ts";
import { targetsOf } from "./send-traffic.ts";
import type { Settings } from "./settings.ts";

/** The platform starts an instance before it calls a revision ready; it is not waited for here. */
export async function deployCandidate(
  changer: Changer,
  settings: Settings,
  wanted: Deployment,
  options: Changing,
): Promise<{ readonly revision: string }> {
  const revision = revisionNameFor(settings, wanted.id);
  await changeService(changer, options, async (view) => {
    const { stable, candidate } = rolesOf(view.wanted);
    if (stable === revision || candidate === revision) return undefined;
    const traffic = targetsOf(besides(view.wanted, revision));
    // It was made and taken back; revisions are made once and never changed.
    if (view.latestCreated === revision) return { paths: ["traffic"], service: { traffic } };
    const models = wanted.models ?? (await modelsOf(changer, stable, options.signal));
    const template = templateFor(view.template, { ...wanted, models, revision }, settings);
    return { paths: ["template", "traffic"], service: { template, traffic } };
  });
  return { revision };
}

/** Those of what answers, since the template may be that of a candidate that was taken back. */
async function modelsOf(
  changer: Changer,
  stable: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  const revision = stable === undefined ? undefined : await findRevision(changer, stable, signal);
  return revision && variableOf(revision, modelsVariable);
}
