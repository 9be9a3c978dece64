import type { Revision as AppRevision } from "@azure/arm-appcontainers";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Changing, OfRevision, ShareOfTraffic } from "../control.ts";
import { withoutCandidate } from "./deploy-candidate.ts";
import { type OpenedApp, readPlace } from "./opened-app.ts";
import { straysIn, sweep } from "./sweep.ts";
import { waitReady } from "./wait-ready.ts";
import {
  candidateLabel,
  deploymentOf,
  leastOf,
  nameOf,
  type Place,
  previousTag,
  rolesIn,
  stableOf,
  weightOf,
} from "./who-stands.ts";

export async function shiftTo(
  opened: OpenedApp,
  { revision, share }: ShareOfTraffic,
  changing: Changing,
): Promise<void> {
  const place = await readPlace(opened, changing.signal);
  const candidate = candidateOf(place, revision);
  const weight = weightFor(share);
  if (weightOf(place.app, candidate) === weight) return;
  const [stable, ...others] = withoutCandidate(place);
  const left = (stable?.weight ?? 100) - weight;
  if (left < 0)
    throw new TradewindError(
      "provider_refused",
      `other revisions have too much traffic to give ${revision} ${weight} %`,
    );
  const label = candidateLabel;
  const traffic = [
    { ...stable, weight: left },
    { revisionName: candidate.name ?? "", weight, label },
    ...others,
  ];
  await opened.changes.patch({ configuration: { ingress: { traffic } } }, changing);
}

/** Whole percent: less than one of them would be none. */
function weightFor(share: number): number {
  return share > 0 ? Math.max(1, Math.round(share * 100)) : 0;
}

/** What answered before is remembered, and stands on only where that costs nothing. */
export async function promoteCandidate(
  opened: OpenedApp,
  { revision }: OfRevision,
  changing: Changing,
): Promise<void> {
  const { changes } = opened;
  const place = await readPlace(opened, changing.signal);
  const stable = stableOf(place);
  const { previous } = rolesIn(place);
  if (deploymentOf(stable) === revision)
    return sweep(opened, [...straysIn(place), ...dear([previous])], changing);
  const candidate = candidateOf(place, revision);
  await changes.patch(
    {
      tags: { ...place.app.tags, [previousTag]: stable.name ?? "" },
      configuration: { ingress: { traffic: [{ revisionName: candidate.name ?? "", weight: 100 }] } },
    },
    changing,
  );
  await sweep(opened, [previous, ...dear([stable])], changing);
}

/** Of a promoted one the one before stands first, and takes over then. */
export async function rollBack(
  opened: OpenedApp,
  { revision }: OfRevision,
  changing: Changing,
): Promise<void> {
  const place = await readPlace(opened, changing.signal);
  const stable = stableOf(place);
  const { candidate, previous } = rolesIn(place);
  if (deploymentOf(stable) === revision) return goBack(opened, { place, stable, previous }, changing);
  if (candidate && nameOf(candidate) === revision)
    await opened.changes.patch(
      { configuration: { ingress: { traffic: withoutCandidate(place) } } },
      changing,
    );
  for (const one of place.revisions)
    if (one.active && one.name !== stable.name && nameOf(one) === revision)
      await opened.changes.deactivate(one.name ?? "", changing);
}

type Promoted = {
  readonly place: Place;
  readonly stable: AppRevision;
  readonly previous: AppRevision | undefined;
};

async function goBack(
  opened: OpenedApp,
  { place, stable, previous }: Promoted,
  changing: Changing,
): Promise<void> {
  const { changes } = opened;
  if (previous?.name === undefined)
    throw new TradewindError(
      "provider_missing",
      `the revision that answered before ${nameOf(stable)} is gone`,
    );
  if (!previous.active) await changes.activate(previous.name, changing);
  await waitReady(opened, previous.name, changing);
  await changes.patch(
    {
      tags: { ...place.app.tags, [previousTag]: "" },
      configuration: { ingress: { traffic: [{ revisionName: previous.name, weight: 100 }] } },
    },
    changing,
  );
  await changes.deactivate(stable.name ?? "", changing);
}

/** Those that may not sleep: they would be paid for though nobody calls them. */
function dear(revisions: readonly (AppRevision | undefined)[]): readonly (AppRevision | undefined)[] {
  return revisions.filter((one) => one !== undefined && leastOf(one) > 0);
}

function candidateOf(place: Place, revision: string): AppRevision {
  const { candidate } = rolesIn(place);
  if (candidate && nameOf(candidate) === revision) return candidate;
  throw new TradewindError("provider_missing", `${revision} is no candidate of this app`);
}
