import type { Revision as AppRevision } from "@azure/arm-appcontainers";
import type { Changing } from "../control.ts";
import type { OpenedApp } from "./opened-app.ts";
import { copySlug } from "./plan-revision.ts";
import { deploymentOf, type Place, rolesIn, supersededTag, weightOf } from "./who-stands.ts";

/** Ours that nobody needs any more and that may still be paid for: left by somebody who died before they went. */
export function straysIn(place: Place): readonly AppRevision[] {
  const { stable, candidate, previous } = rolesIn(place);
  const inUse = new Set([stable?.name, candidate?.name, previous?.name]);
  const isOurs = (one: AppRevision): boolean =>
    one.name === place.app.tags?.[supersededTag] ||
    deploymentOf(one) !== undefined ||
    (one.name?.includes(`--${copySlug}-`) ?? false);
  return place.revisions.filter(
    (one) => one.active && !inUse.has(one.name) && weightOf(place.app, one) === 0 && isOurs(one),
  );
}

export async function sweep(
  { changes }: OpenedApp,
  revisions: readonly (AppRevision | undefined)[],
  changing: Changing,
): Promise<void> {
  for (const one of revisions)
    if (one?.active && one.name !== undefined) await changes.deactivate(one.name, changing);
}
