import { TradewindError } from "#infra/runtime/errors.ts";
import type { Changing, Deployment } from "../control.ts";
import { candidateIn } from "./deployment-tags.ts";
import type { OpenedApp } from "./opened-app.ts";
import { planCandidate } from "./plan-candidate.ts";
import { type Place, readPlace } from "./read-place.ts";
import { rulesFor } from "./reroute.ts";
import { deploymentOf, imageIn } from "./who-stands.ts";

/** Puts a deployment into the slot; what of it is done already is not done again. */
export async function deployCandidate(
  { apps, changes, settings }: OpenedApp,
  wanted: Deployment,
  changing: Changing,
): Promise<{ readonly revision: string }> {
  checkImage(wanted);
  const { signal } = changing;
  const place = await readPlace(apps, signal);
  checkTier(place);
  const revision = wanted.id;
  if (deploymentOf(place.production) === wanted.id) return { revision };
  const { slot } = place;
  if (!stands(place, wanted)) {
    const without = { slot: settings.slot, host: "", share: 0 };
    await changes.reroute(rulesFor(place.config, without), changing);
    const stickyNames = await apps.stickyNames(signal);
    const { site, told } = planCandidate(wanted, { place, stickyNames, settings });
    await changes.writeSlot(site, told, changing);
  }
  if (slot && slot.site.state !== "Running") await changes.startSlot(changing);
  return { revision };
}

function stands({ slot, production }: Place, { id, image, models }: Deployment): boolean {
  if (!slot || candidateIn(slot.site, production.site) !== id || deploymentOf(slot) !== id) return false;
  const { TRADEWIND_MODELS: has } = slot.settings;
  return imageIn(slot) === image && (models === undefined || models === has);
}

function checkImage({ image }: Deployment): void {
  if (/^[^@\s]{1,400}@sha256:\w{1,64}$/.test(image)) return;
  throw new TradewindError(
    "provider_refused",
    `${image.slice(0, 100)} is no image by its digest, name@sha256:...`,
  );
}

const withoutSlots = new Set(["Free", "Shared", "Basic", "Dynamic"]);

function checkTier({ plan: { name = "the plan", sku } }: Place): void {
  const { tier = "" } = sku ?? {};
  if (!withoutSlots.has(tier)) return;
  throw new TradewindError(
    "provider_unsupported",
    `${name} is ${tier} (${sku?.name ?? "unknown"}), which has no slots to put a candidate into`,
    { hint: "slots begin with the Standard tier" },
  );
}
