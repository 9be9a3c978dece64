import type { Revision as AppRevision } from "@azure/arm-appcontainers";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Changing, Scaling } from "../control.ts";
import { type OpenedApp, readPlace } from "./opened-app.ts";
import { type Bounds, type PlannedRevision, planRescaled } from "./plan-revision.ts";
import { straysIn, sweep } from "./sweep.ts";
import { waitReady } from "./wait-ready.ts";
import { leastOf, type Place, stableOf, supersededTag, trafficOf } from "./who-stands.ts";

/**
 * A revision's bounds are a part of it, so others mean another revision with the same in it: it is made beside the one that
 * answers, stands, takes its place in the traffic, and only then the old one goes.
 */
export async function rescale(
  opened: OpenedApp,
  wanted: (has: Bounds) => Bounds,
  changing: Changing,
): Promise<void> {
  const { changes, settings } = opened;
  const place = await readPlace(opened, changing.signal);
  const stable = stableOf(place);
  const has = boundsOf(stable);
  const bounds = wanted(has);
  if (bounds.least === has.least && bounds.most === has.most) return sweep(opened, straysIn(place), changing);
  const planned = planRescaled(settings.app, stable, bounds);
  await stand(opened, { place, planned }, changing);
  const tags = { ...place.app.tags, [supersededTag]: stable.name ?? "" };
  const configuration = { ingress: { traffic: renamed(place, stable, planned.name) } };
  await changes.patch({ tags, configuration }, changing);
  const strays = straysIn(place).filter(({ name }) => name !== planned.name);
  await sweep(opened, [...strays, stable], changing);
}

/** What was asked for, as far as it makes sense. */
export function boundsFor({ count, least, most }: Scaling, has: Bounds): Bounds {
  if (count !== undefined)
    throw new TradewindError(
      "provider_unsupported",
      "Container Apps scales by itself, so its replicas are not ours to count",
      {
        hint: "give it a least and a most",
      },
    );
  const upTo = Math.max(1, most ?? Math.max(has.most, least ?? 0));
  return { least: Math.min(upTo, least ?? has.least), most: upTo };
}

function boundsOf(revision: AppRevision): Bounds {
  return { least: leastOf(revision), most: revision.template?.scale?.maxReplicas ?? 10 };
}

async function stand(
  opened: OpenedApp,
  { place, planned: { name, template } }: { readonly place: Place; readonly planned: PlannedRevision },
  changing: Changing,
): Promise<void> {
  const there = place.revisions.find((one) => one.name === name);
  const traffic = [...trafficOf(place.app)];
  const configuration = { activeRevisionsMode: "Multiple", ingress: { traffic } };
  if (!there) await opened.changes.patch({ configuration, template }, changing);
  else if (!there.active) await opened.changes.activate(name, changing);
  try {
    await waitReady(opened, name, changing);
  } catch (error) {
    if (!changing.signal.aborted) await opened.changes.deactivate(name, changing);
    throw error;
  }
}

function renamed({ app }: Place, { name: before }: AppRevision, name: string) {
  return trafficOf(app).map((one) => (one.revisionName === before ? { ...one, revisionName: name } : one));
}
