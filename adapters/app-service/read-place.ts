import type { AppServicePlan, Site, SiteConfigResource, WebSiteInstanceStatus } from "@azure/arm-appservice";
import type { WebApps } from "./web-apps.ts";

/** All that App Service says of an app, its slot and its plan. */
export type Place = {
  readonly production: Stand;
  /** Undefined where nobody made the slot yet. */
  readonly slot: Stand | undefined;
  readonly plan: AppServicePlan;
  /** Of production; who is rerouted stands there. */
  readonly config: SiteConfigResource;
};

/** What stands in production or in the slot. */
export type Stand = {
  readonly site: Site;
  readonly settings: Readonly<Record<string, string>>;
  readonly instances: readonly WebSiteInstanceStatus[];
};

/** Side by side, and when one question fails, the others are given up. */
export async function readPlace(apps: WebApps, signal: AbortSignal): Promise<Place> {
  const failed = new AbortController();
  const shared = AbortSignal.any([signal, failed.signal]);
  try {
    const [production, slot, plan, config] = await Promise.all([
      readProduction(apps, shared),
      readSlot(apps, shared),
      apps.plan(shared),
      apps.config(shared),
    ]);
    return { production, slot, plan, config };
  } catch (error) {
    failed.abort(error);
    throw error;
  }
}

async function readProduction(apps: WebApps, signal: AbortSignal): Promise<Stand> {
  const [site, settings, instances] = await Promise.all([
    apps.production(signal),
    apps.settingsOf("production", signal),
    apps.instancesOf("production", signal),
  ]);
  return { site, settings, instances };
}

async function readSlot(apps: WebApps, signal: AbortSignal): Promise<Stand | undefined> {
  const site = await apps.slot(signal);
  if (!site) return undefined;
  const [settings, instances] = await Promise.all([
    apps.settingsOf("slot", signal),
    apps.instancesOf("slot", signal),
  ]);
  return { site, settings, instances };
}
