import type { NameValuePair, Site, SiteConfig, SiteConfigResource } from "@azure/arm-appservice";
import type { Deployment } from "../control.ts";
import { tagsOfCandidate } from "./deployment-tags.ts";
import type { Place, Stand } from "./read-place.ts";
import type { Settings } from "./settings.ts";
import { deploymentSetting, modelsSetting } from "./who-stands.ts";

export type PlannedCandidate = {
  readonly site: Site;
  /** The same, with the values left out that are not ours to show. */
  readonly told: Site;
};

/** The slot as it is to be: production's configuration around another image. */
export function planCandidate(
  wanted: Deployment,
  { place, stickyNames, settings }: Planning,
): PlannedCandidate {
  const { production, slot, config } = place;
  const ours = ownSettings(wanted, settings);
  const all = { ...carried(production, slot, stickyNames), ...ours };
  const siteConfig: SiteConfig = {
    ...likeProduction(config),
    linuxFxVersion: `DOCKER|${wanted.image}`,
    healthCheckPath: config.healthCheckPath || readiness,
    alwaysOn: true,
    ...pulls(settings),
  };
  const site: Site = {
    ...likeSite(production.site, settings),
    tags: {
      ...slot?.site.tags,
      ...tagsOfCandidate(wanted, [production.site, slot?.site]),
    },
  };
  const withSettings = (pairs: NameValuePair[]): Site => ({
    ...site,
    siteConfig: { ...siteConfig, appSettings: pairs },
  });
  return {
    site: withSettings(pairsOf(all)),
    told: withSettings(pairsOf({ ...mapValues(all, () => hidden), ...ours })),
  };
}

type Planning = {
  readonly place: Place;
  readonly stickyNames: readonly string[];
  readonly settings: Settings;
};

const readiness = "/v2/health/ready";
const hidden = "(as it is)";

/** A swap counts any answer to its ping as warm unless the statuses are named. */
function ownSettings({ id, models }: Deployment, { port }: Settings): Readonly<Record<string, string>> {
  return {
    [deploymentSetting]: id,
    ...(models !== undefined && { [modelsSetting]: models }),
    ...(port !== undefined && { WEBSITES_PORT: String(port) }),
    WEBSITE_SWAP_WARMUP_PING_PATH: readiness,
    WEBSITE_SWAP_WARMUP_PING_STATUSES: "200",
  };
}

/** A slot is given all of its settings at once: production's, and its own where they stay with it. */
function carried(
  production: Stand,
  slot: Stand | undefined,
  stickyNames: readonly string[],
): Readonly<Record<string, string>> {
  const sticky = Object.entries(slot?.settings ?? {}).filter(([name]) => stickyNames.includes(name));
  return { ...production.settings, ...Object.fromEntries(sticky) };
}

function likeProduction(config: SiteConfigResource): SiteConfig {
  return picked(config, [
    "acrUseManagedIdentityCreds",
    "acrUserManagedIdentityID",
    "appCommandLine",
    "ftpsState",
    "http20Enabled",
    "ipSecurityRestrictions",
    "ipSecurityRestrictionsDefaultAction",
    "minTlsVersion",
    "publicNetworkAccess",
    "vnetRouteAllEnabled",
    "webSocketsEnabled",
  ]);
}

function likeSite(site: Site, { region }: Settings): Site {
  const { identity, location = region, kind = "app,linux,container" } = site;
  return {
    location,
    kind,
    reserved: true,
    ...(identity && { identity: sameIdentity(identity) }),
    ...picked(site, [
      "serverFarmId",
      "httpsOnly",
      "clientAffinityEnabled",
      "keyVaultReferenceIdentity",
      "publicNetworkAccess",
      "virtualNetworkSubnetId",
    ]),
  };
}

/** Identities are sent by their names alone; what else Azure says of them it would not take back. */
function sameIdentity({
  type,
  userAssignedIdentities,
}: NonNullable<Site["identity"]>): NonNullable<Site["identity"]> {
  if (!userAssignedIdentities) return type === undefined ? {} : { type };
  const names = Object.keys(userAssignedIdentities).map((name) => [name, {}]);
  return { ...(type !== undefined && { type }), userAssignedIdentities: Object.fromEntries(names) };
}

function pulls({ pullAs }: Settings): SiteConfig {
  if (pullAs === undefined) return {};
  return {
    acrUseManagedIdentityCreds: true,
    ...(pullAs !== "app" && { acrUserManagedIdentityID: pullAs }),
  };
}

/** What is there of these; the rest is left to App Service. */
function picked<Of extends object, Key extends keyof Of>(of: Of, keys: readonly Key[]): Pick<Of, Key> {
  const there = keys.filter((key) => of[key] !== undefined && of[key] !== null);
  return Object.fromEntries(there.map((key) => [key, of[key]])) as Pick<Of, Key>;
}

function mapValues(
  values: Readonly<Record<string, string>>,
  change: () => string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.keys(values).map((name) => [name, change()]));
}

function pairsOf(values: Readonly<Record<string, string>>): NameValuePair[] {
  return Object.entries(values)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => ({ name, value }));
}
