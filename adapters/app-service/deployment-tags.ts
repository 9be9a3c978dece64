import type { Site } from "@azure/arm-appservice";

/**
 * What a slot's tags say of the candidate in it. Settings and image of a slot go over when it is swapped, and its tags
 * stay: so they tell a candidate from what was swapped into its place, to one who may not read settings.
 */
export const deploymentTag = "tradewind-deployment";
const imageTag = "tradewind-image";
const swapTag = "tradewind-after-swap";

type Swapped = Pick<Site, "slotSwapStatus">;

export function tagsOfCandidate(
  { id, image }: { readonly id: string; readonly image: string },
  sides: readonly (Swapped | undefined)[],
): Readonly<Record<string, string>> {
  return { [deploymentTag]: id, [imageTag]: digestOf(image) ?? "", [swapTag]: lastSwap(sides) };
}

/** The deployment that stands in the slot and was swapped nowhere since; undefined where none does. */
export function candidateIn(slot: Site | undefined, production: Swapped | undefined): string | undefined {
  const { [deploymentTag]: id, [imageTag]: image, [swapTag]: swap } = slot?.tags ?? {};
  if (!slot || !id || swap !== lastSwap([slot, production])) return undefined;
  const runs = imageOf(slot.siteConfig?.linuxFxVersion);
  return runs === undefined || digestOf(runs) === image ? id : undefined;
}

/** `DOCKER|name@sha256:...` without what stands before it. */
export function imageOf(linuxFxVersion: string | undefined): string | undefined {
  return /^DOCKER\|(.{1,512})$/i.exec(linuxFxVersion ?? "")?.[1];
}

function digestOf(image: string): string | undefined {
  return /@(sha256:\w{1,64})$/.exec(image)?.[1];
}

function lastSwap(sides: readonly (Swapped | undefined)[]): string {
  const times = sides.map((side) => side?.slotSwapStatus?.timestampUtc?.getTime() ?? 0);
  const last = Math.max(0, ...times.filter((time) => Number.isFinite(time)));
  return last === 0 ? "none" : String(last);
}
