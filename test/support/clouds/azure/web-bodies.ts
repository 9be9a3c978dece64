import type { ArmAnswer } from "./fault-answers.ts";
import type { WebApp, WebSite } from "./web-app.ts";

export type WebPlace = {
  readonly app: WebApp;
  readonly planName: string;
  readonly place: { readonly subscription: string; readonly resourceGroup: string; readonly region: string };
};

/** What App Service says of its things. */
export function configAnswer(site: WebSite, app: WebApp): ArmAnswer {
  const properties = { ...site.runs.config, experiments: { rampUpRules: app.rules } };
  return { status: 200, body: { name: site.name, type: "Microsoft.Web/sites/config", properties } };
}

export function siteBody(site: WebSite, { app, place }: WebPlace): unknown {
  const isSlot = site !== app.production;
  return {
    id: `/subscriptions/${place.subscription}/resourceGroups/${place.resourceGroup}/providers/Microsoft.Web/sites/${app.production.name}`,
    name: isSlot ? `${app.production.name}/${site.name}` : site.name,
    type: isSlot ? "Microsoft.Web/sites/slots" : "Microsoft.Web/sites",
    kind: "app,linux,container",
    location: place.region,
    tags: site.tags,
    properties: {
      ...site.properties,
      state: site.state,
      defaultHostName: site.host,
      availabilityState: "Normal",
      usageState: "Normal",
      enabled: true,
      reserved: true,
      siteConfig: { linuxFxVersion: site.runs.config.linuxFxVersion, appSettings: null },
      slotSwapStatus: site.swapStatus ?? null,
      inProgressOperationId: site.operation ?? null,
    },
  };
}

export function planBody({ app, place, planName }: WebPlace): unknown {
  const { sku, elastic, changing } = app.plan;
  return {
    id: `/subscriptions/${place.subscription}/resourceGroups/${place.resourceGroup}/providers/Microsoft.Web/serverfarms/${planName}`,
    name: planName,
    type: "Microsoft.Web/serverfarms",
    kind: "linux",
    location: place.region,
    sku,
    properties: {
      status: "Ready",
      provisioningState: changing ? "InProgress" : "Succeeded",
      maximumNumberOfWorkers: 30,
      numberOfWorkers: sku.capacity,
      reserved: true,
      perSiteScaling: false,
      elasticScaleEnabled: elastic,
      zoneRedundant: false,
    },
  };
}

export function instanceBody(id: string, state: string): unknown {
  const states: Readonly<Record<string, string>> = { ready: "READY", starting: "UNKNOWN" };
  return {
    name: id,
    type: "Microsoft.Web/sites/instances",
    properties: { state: states[state] ?? "STOPPED" },
  };
}
