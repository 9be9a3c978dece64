import { hostUrl } from "../azure/host-url.ts";
import type { ProviderStatus, Revision, Trouble } from "../control.ts";
import type { Place, Stand } from "./read-place.ts";
import { rulesOf } from "./reroute.ts";
import type { Settings } from "./settings.ts";
import { deploymentOf, imageIn, modelsSetting, nameOf, roleOfSlot } from "./who-stands.ts";

/**
 * A plan's workers run whatever is on the plan, so candidate and previous stand on as many as production does. App Service
 * does not say when a container was ordered, so that no cold start can be told.
 */
export function readStatus(place: Place, settings: Pick<Settings, "slot">): ProviderStatus {
  const { production } = place;
  const desired = desiredOf(place);
  const running = runningOf(production);
  const revisions = [stableOf(place), ...besideOf(place, settings)];
  return {
    desired,
    running,
    pending: Math.max(0, desired - running),
    revisions,
    coldStarts: [],
    troubles: troublesOf(place),
    isSettled:
      running === desired && !isUnderWay(place) && revisions.every(({ state }) => state !== "starting"),
  };
}

/** A plan may let each of its apps stand on fewer of its workers. */
function desiredOf({ production, plan, config }: Place): number {
  if (isStopped(production)) return 0;
  const capacity = plan.sku?.capacity ?? production.instances.length;
  const own = plan.perSiteScaling ? (config.numberOfWorkers ?? capacity) : capacity;
  return Math.min(capacity, own);
}

function stableOf({ production, config }: Place): Revision {
  const away = rulesOf(config).reduce((sum, { reroutePercentage = 0 }) => sum + reroutePercentage / 100, 0);
  return { ...revisionOf(production), role: "stable", share: Math.max(0, 1 - away) };
}

function besideOf(place: Place, { slot: name }: Pick<Settings, "slot">): readonly Revision[] {
  const { slot, config } = place;
  const role = roleOfSlot(place);
  if (!slot || !role) return [];
  const rule = rulesOf(config).find((one) => one.name === name);
  return [{ ...revisionOf(slot), role, share: (rule?.reroutePercentage ?? 0) / 100 }];
}

function revisionOf(stand: Stand): Omit<Revision, "role" | "share"> {
  const running = runningOf(stand);
  const why = whyFailed(stand);
  const state = running > 0 ? "ready" : why === undefined ? "starting" : "failed";
  return {
    name: nameOf(stand),
    image: imageIn(stand),
    models: stand.settings[modelsSetting],
    id: deploymentOf(stand),
    running,
    pending: state === "failed" ? 0 : stand.instances.length - running,
    state,
    url: hostUrl(stand.site.defaultHostName),
    why: state === "failed" ? why : undefined,
  };
}

function runningOf({ instances }: Stand): number {
  return instances.filter(({ state }) => (state ?? "READY") === "READY").length;
}

function isStopped({ site }: Stand): boolean {
  return (site.state ?? "Running") !== "Running";
}

function whyFailed(stand: Stand): string | undefined {
  if (isStopped(stand)) return `it is ${stand.site.state}`;
  const { instances, site } = stand;
  const allStopped = instances.length > 0 && instances.every(({ state }) => state === "STOPPED");
  if (!allStopped) return undefined;
  return `its container stops on each of ${instances.length} instances; see the container's log of ${site.name ?? "the slot"}`;
}

function isUnderWay({ production, slot, plan }: Place): boolean {
  const isChanging = plan.provisioningState === "InProgress" || (plan.status ?? "Ready") !== "Ready";
  return isChanging || [production, slot].some((one) => Boolean(one?.site.inProgressOperationId));
}

function troublesOf({ production, slot, plan }: Place): readonly Trouble[] {
  const troubles: Trouble[] = [];
  const say = (kind: Trouble["kind"], name: string | undefined, message: string): void => {
    troubles.push({ kind, name, message, at: undefined });
  };
  if (plan.provisioningState === "Failed") say("other", plan.name, "the last change of the plan failed");
  for (const { site } of [production, ...(slot ? [slot] : [])]) {
    const { name = "the app", availabilityState, usageState, suspendedTill } = site;
    if ((availabilityState ?? "Normal") !== "Normal")
      say("health", name, `App Service says that ${name} is ${availabilityState}`);
    if (usageState === "Exceeded") say("quota", name, `${name} used up what its plan allows`);
    if (suspendedTill) say("quota", name, `${name} is suspended for a while`);
  }
  const failed = whyFailed(production);
  if (failed !== undefined) say("health", production.site.name, `production does not run: ${failed}`);
  return troubles;
}
