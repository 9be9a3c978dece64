import { TradewindError } from "#infra/runtime/errors.ts";
import type { Changing, OfRevision, ShareOfTraffic } from "../control.ts";
import type { OpenedApp } from "./opened-app.ts";
import { type Place, readPlace, type Stand } from "./read-place.ts";
import { rulesFor } from "./reroute.ts";
import { deploymentOf, nameOf, roleOfSlot } from "./who-stands.ts";

export async function shiftTo(
  { apps, changes, settings: { slot } }: OpenedApp,
  { revision, share }: ShareOfTraffic,
  changing: Changing,
): Promise<void> {
  const place = await readPlace(apps, changing.signal);
  const host = candidateOf(place, revision).site.defaultHostName ?? "";
  await changes.reroute(rulesFor(place.config, { slot, host, share }), changing);
}

/** After it the slot holds what answered before. A swap asked for twice would undo itself, so it is looked at first. */
export async function promoteCandidate(
  opened: OpenedApp,
  { revision }: OfRevision,
  changing: Changing,
): Promise<void> {
  const place = await readPlace(opened.apps, changing.signal);
  if (deploymentOf(place.production) === revision) return;
  candidateOf(place, revision);
  await swap(opened, place, changing);
}

/** What was promoted is swapped back, and either way the slot is stopped in the end, so that its workers are free. */
export async function rollBack(
  opened: OpenedApp,
  { revision }: OfRevision,
  changing: Changing,
): Promise<void> {
  const { apps, changes } = opened;
  const place = await readPlace(apps, changing.signal);
  if (deploymentOf(place.production) === revision) {
    if (roleOfSlot(place) !== "previous") throw nothingBefore(revision);
    await swap(opened, place, changing);
    await changes.stopSlot(changing);
    return;
  }
  if (!place.slot || nameOf(place.slot) !== revision) return;
  await withoutTraffic(opened, place, changing);
  if (place.slot.site.state === "Running") await changes.stopSlot(changing);
}

async function swap(opened: OpenedApp, place: Place, changing: Changing): Promise<void> {
  const busy = [place.production, place.slot].some((one) => Boolean(one?.site.inProgressOperationId));
  if (busy)
    throw new TradewindError(
      "provider_conflict",
      `${opened.settings.app} is being changed, so it is not swapped now`,
    );
  await withoutTraffic(opened, place, changing);
  await opened.changes.swap(changing);
}

/** A rule names a slot and not what is in it: one that were left would send calls to what was just replaced. */
async function withoutTraffic(
  { changes, settings: { slot } }: OpenedApp,
  { config }: Place,
  changing: Changing,
): Promise<void> {
  await changes.reroute(rulesFor(config, { slot, host: "", share: 0 }), changing);
}

function candidateOf(place: Place, revision: string): Stand {
  const { slot } = place;
  if (slot && roleOfSlot(place) === "candidate" && nameOf(slot) === revision) return slot;
  throw new TradewindError("provider_missing", `${revision} is no candidate: it does not stand in the slot`);
}

function nothingBefore(revision: string): TradewindError {
  return new TradewindError("provider_missing", `the slot no longer holds what answered before ${revision}`);
}
