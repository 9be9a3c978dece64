import { TradewindError } from "#infra/runtime/errors.ts";
import type { Changing, Deployment } from "../control.ts";
import { gpuProfiles } from "./billing.ts";
import { type OpenedApp, readPlace } from "./opened-app.ts";
import { planCandidate } from "./plan-revision.ts";
import { straysIn, sweep } from "./sweep.ts";
import {
  candidateLabel,
  deploymentOf,
  imageOf,
  type Place,
  rolesIn,
  stableOf,
  trafficOf,
} from "./who-stands.ts";

/** Makes a revision beside the one that answers; what of it is done already is not done again. */
export async function deployCandidate(
  opened: OpenedApp,
  wanted: Deployment,
  changing: Changing,
): Promise<{ readonly revision: string }> {
  const { changes, settings } = opened;
  checkImage(wanted);
  const place = await readPlace(opened, changing.signal);
  checkProfile(place, settings);
  const stable = stableOf(place);
  const { candidate } = rolesIn(place);
  const revision = wanted.id;
  const isCandidate =
    deploymentOf(candidate) === revision && candidate && imageOf(candidate) === wanted.image;
  if (deploymentOf(stable) === revision || isCandidate) {
    await sweep(opened, straysIn(place), changing);
    return { revision };
  }
  const { name, template } = planCandidate(settings.app, stable, wanted);
  const there = place.revisions.find((one) => one.name === name);
  if (there?.active === false) await changes.activate(name, changing);
  const traffic = [...withoutCandidate(place), { revisionName: name, weight: 0, label: candidateLabel }];
  const configuration = { activeRevisionsMode: "Multiple", ingress: { traffic } };
  await changes.patch({ configuration, ...(!there && { template }) }, changing);
  const others = [...straysIn(place), candidate].filter((one) => one?.name !== name);
  await sweep(opened, others, changing);
  return { revision };
}

/** All of the traffic without the candidate, whose share goes back to what answers. */
export function withoutCandidate(place: Place) {
  const { name = "" } = stableOf(place);
  const others = trafficOf(place.app).filter(
    ({ revisionName, label }) => label !== candidateLabel && revisionName !== name,
  );
  const taken = others.reduce((sum, { weight = 0 }) => sum + weight, 0);
  return [{ revisionName: name, weight: 100 - taken }, ...others];
}

function checkImage({ image }: Deployment): void {
  if (/^[^@\s]{1,400}@sha256:\w{1,64}$/.test(image)) return;
  throw new TradewindError(
    "provider_refused",
    `${image.slice(0, 100)} is no image by its digest, name@sha256:...`,
  );
}

/** Its name is the environment's own, so that only the one that everybody has by default is known to have no GPU. */
function checkProfile({ app }: Place, { gpu }: OpenedApp["settings"]): void {
  const { workloadProfileName = "Consumption", name = "the app" } = app;
  if (gpu === "none" || workloadProfileName !== "Consumption") return;
  throw new TradewindError(
    "provider_unsupported",
    `${name} is in the profile ${workloadProfileName}, which has no GPU`,
    {
      hint: `put it into a workload profile of the type ${gpuProfiles[gpu]}`,
    },
  );
}
