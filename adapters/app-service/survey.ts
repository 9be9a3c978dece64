import type { AppServicePlan, Site } from "@azure/arm-appservice";
import { readArm } from "../azure/ask-arm.ts";
import { readResourceId, regionName } from "../azure/resource-id.ts";
import { takePages } from "../azure/take-pages.ts";
import { findPrice } from "../price-book.ts";
import type { FoundService, Survey } from "../survey.ts";
import { callOf, openClient } from "./web-apps.ts";

const kind = "app-service";
const mostApps = 5_000;

/** The Linux containers of some subscriptions that could be backends. It reads sites and plans, and none of their settings. */
export const survey: Survey = async ({ subscriptions, api, signal }, surroundings) => {
  const found: FoundService[] = [];
  for (const subscription of subscriptions) {
    const { webApps, appServicePlans } = await openClient({ subscription, api: api[kind] });
    const ending = { abortSignal: signal };
    const sites = await readArm(callOf("sites/read", signal), surroundings, () =>
      takePages(webApps.list(ending), mostApps),
    );
    const plans = await readArm(callOf("serverfarms/read", signal), surroundings, () =>
      takePages(appServicePlans.list(ending), mostApps),
    );
    const planOf = new Map(plans.map((plan) => [plan.id?.toLowerCase(), plan]));
    for (const site of sites) {
      const plan = planOf.get(site.serverFarmId?.toLowerCase());
      const service = isContainer(site) ? describeFound(site, plan, subscription) : describeUnfit(site);
      if (service) found.push(service);
    }
  }
  return found;
};

/** Functions and Windows are of other kinds, which their kind says. */
function isContainer({ kind: said = "" }: Site): boolean {
  return /linux/i.test(said) && /container/i.test(said) && !/functionapp/i.test(said);
}

function describeUnfit({ id }: Site): FoundService | undefined {
  const place = readResourceId(id);
  if (!place) return undefined;
  const none = { settings: {}, hasGpu: false, price: undefined, isProvisioned: true, notes: [] };
  return { kind, name: place.name, ...none, unfit: "it is no container on Linux" };
}

function describeFound(
  site: Site,
  plan: AppServicePlan | undefined,
  subscription: string,
): FoundService | undefined {
  const [place, planId] = [readResourceId(site.id), readResourceId(site.serverFarmId)];
  if (!place || !planId) return undefined;
  const { name: size = "unknown", tier = "unknown", capacity = 0 } = plan?.sku ?? {};
  const price = `azure/app-service/${size.toLowerCase()}`;
  return {
    kind,
    name: place.name,
    settings: {
      subscription,
      resourceGroup: place.resourceGroup,
      region: regionName(site.location),
      app: place.name,
      plan: planId.name,
    },
    hasGpu: false,
    price: findPrice(price) ? price : undefined,
    isProvisioned: true,
    notes: [
      `${capacity} workers of ${size} (${tier}) in the plan ${planId.name}`,
      ...(site.state === "Running" ? [] : [`it is ${site.state ?? "in an unknown state"}`]),
      ...(planId.resourceGroup.toLowerCase() === place.resourceGroup.toLowerCase()
        ? []
        : [
            `its plan is in another resource group, ${planId.resourceGroup}, where it cannot be scaled from here`,
          ]),
    ],
  };
}
