import type {
  AppServicePlan,
  Site,
  SiteConfigResource,
  WebSiteInstanceStatus,
  WebSiteManagementClient,
} from "@azure/arm-appservice";
import type { ArmCall } from "../azure/arm-call.ts";
import { armOptions } from "../azure/arm-options.ts";
import { readArm, readIfThere } from "../azure/ask-arm.ts";
import { azureCredential } from "../azure/credential.ts";
import { takePages } from "../azure/take-pages.ts";
import type { Surroundings } from "../surroundings.ts";
import type { Settings } from "./settings.ts";

/** What is asked of App Service about one app. Whoever stands in the slot's place may not be there. */
export type WebApps = {
  readonly client: WebSiteManagementClient;
  readonly production: (signal: AbortSignal) => Promise<Site>;
  readonly slot: (signal: AbortSignal) => Promise<Site | undefined>;
  readonly plan: (signal: AbortSignal) => Promise<AppServicePlan>;
  readonly config: (signal: AbortSignal) => Promise<SiteConfigResource>;
  /** Names of settings that stay where they are in a swap. */
  readonly stickyNames: (signal: AbortSignal) => Promise<readonly string[]>;
  readonly settingsOf: (side: Side, signal: AbortSignal) => Promise<Readonly<Record<string, string>>>;
  readonly instancesOf: (side: Side, signal: AbortSignal) => Promise<readonly WebSiteInstanceStatus[]>;
};

export type Side = "production" | "slot";

/** A plan has at most a hundred workers. */
const mostInstances = 200;

export async function openWebApps(settings: Settings, surroundings: Surroundings): Promise<WebApps> {
  const { resourceGroup, app, slot, plan } = settings;
  const client = await openClient(settings);
  const { webApps, appServicePlans } = client;
  const read = <Answer>(action: string, signal: AbortSignal, ask: (options: Ending) => PromiseLike<Answer>) =>
    readArm(callOf(action, signal), surroundings, () => ask({ abortSignal: signal }));
  return {
    client,
    production: (signal) => read("sites/read", signal, (ending) => webApps.get(resourceGroup, app, ending)),
    slot: (signal) =>
      readIfThere(
        read("sites/slots/read", signal, (ending) => webApps.getSlot(resourceGroup, app, slot, ending)),
      ),
    plan: (signal) =>
      read("serverfarms/read", signal, (ending) => appServicePlans.get(resourceGroup, plan, ending)),
    config: (signal) =>
      read("sites/config/read", signal, (ending) => webApps.getConfiguration(resourceGroup, app, ending)),
    stickyNames: async (signal) => {
      const { appSettingNames = [] } = await read("sites/config/read", signal, (ending) =>
        webApps.listSlotConfigurationNames(resourceGroup, app, ending),
      );
      return appSettingNames ?? [];
    },
    settingsOf: async (side, signal) => {
      const { properties } = await (side === "production"
        ? read("sites/config/list/action", signal, (ending) =>
            webApps.listApplicationSettings(resourceGroup, app, ending),
          )
        : read("sites/slots/config/list/action", signal, (ending) =>
            webApps.listApplicationSettingsSlot(resourceGroup, app, slot, ending),
          ));
      return properties ?? {};
    },
    instancesOf: (side, signal) =>
      side === "production"
        ? read("sites/instances/read", signal, (ending) =>
            takePages(webApps.listInstanceIdentifiers(resourceGroup, app, ending), mostInstances),
          )
        : read("sites/slots/instances/read", signal, (ending) =>
            takePages(webApps.listInstanceIdentifiersSlot(resourceGroup, app, slot, ending), mostInstances),
          ),
  };
}

export async function openClient(place: {
  readonly subscription: string;
  readonly api?: string | undefined;
}): Promise<WebSiteManagementClient> {
  const { WebSiteManagementClient } = await import("@azure/arm-appservice");
  return new WebSiteManagementClient(await azureCredential(), place.subscription, armOptions(place));
}

export function callOf(action: string, signal: AbortSignal): ArmCall {
  return { action: `Microsoft.Web/${action}`, signal };
}

type Ending = { readonly abortSignal: AbortSignal };
