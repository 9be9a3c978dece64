import { candidateIn, deploymentTag, imageOf } from "./deployment-tags.ts";
import type { Place, Stand } from "./read-place.ts";

export const deploymentSetting = "TRADEWIND_DEPLOYMENT";
export const modelsSetting = "TRADEWIND_MODELS";

/** The deployment that made what stands there, if it was one of ours. */
export function deploymentOf({ settings }: Stand): string | undefined {
  const id = settings[deploymentSetting];
  return id === undefined || id === "" ? undefined : id;
}

export function imageIn({ site }: Stand): string | undefined {
  return imageOf(site.siteConfig?.linuxFxVersion);
}

/** What a revision is called: by its deployment, and what was there before us by its image. */
export function nameOf(stand: Stand): string {
  const digest = /@sha256:(\w{1,12})/.exec(imageIn(stand) ?? "")?.[1];
  return deploymentOf(stand) ?? (digest === undefined ? (stand.site.name ?? "unknown") : `image-${digest}`);
}

/** What the slot is to production; a slot that is stopped, or that is not ours, is nothing to it. */
export function roleOfSlot({ slot, production }: Place): "candidate" | "previous" | undefined {
  if (slot?.site.state !== "Running") return undefined;
  if (candidateIn(slot.site, production.site) !== undefined) return "candidate";
  const deployed = slot.site.tags?.[deploymentTag];
  return deployed !== undefined && deployed === deploymentOf(production) ? "previous" : undefined;
}
