import type { World } from "../world.ts";
import { appServiceRoutes, webVersion } from "./app-service-routes.ts";
import { createOperations } from "./operations.ts";
import { type AzureFake, startAzure } from "./start-azure.ts";
import { type PlanState, WebApp } from "./web-app.ts";

export type AppServiceOptions = {
  readonly world: World;
  /** What production runs from the start. */
  readonly image: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly capacity?: number;
  readonly tier?: string;
  readonly audience?: string;
  readonly settleMs?: number;
  readonly warmUpMs?: number;
};

export type AppServiceFake = AzureFake & {
  readonly app: WebApp;
  readonly place: typeof place & { readonly app: string; readonly plan: string };
};

const place = {
  subscription: "00000000-0000-4000-8000-000000000001",
  resourceGroup: "vision",
  region: "westeurope",
};

/** One web app on a plan, written from the API's paths and the SDK's own models. */
export async function startAppService({
  world,
  image,
  settings = {},
  capacity = 1,
  tier = "PremiumV3",
  audience,
  settleMs = 20,
  warmUpMs = 2_000,
}: AppServiceOptions): Promise<AppServiceFake> {
  const packageName = "@azure/arm-appservice";
  const azure = await startAzure({ packageName, apiVersion: webVersion, audience });
  const operations = createOperations();
  const plan: PlanState = { sku: { ...skus(tier), capacity }, elastic: false, changing: false };
  const app = new WebApp(world, plan, { app: "detector", times: { settleMs, warmUpMs } });
  const openFront = async (site: typeof app.production): Promise<void> => {
    site.host = await azure.openFront(() => app.choose(site));
  };
  const planName = "vision-plan";
  await azure.serve(
    appServiceRoutes({ app, planName, place, operations, settleMs, origin: azure.origin, openFront }),
  );
  await openFront(app.production);
  app.write(app.production, {
    properties: {
      serverFarmId: `/subscriptions/${place.subscription}/resourceGroups/${place.resourceGroup}/providers/Microsoft.Web/serverfarms/${planName}`,
      httpsOnly: true,
      siteConfig: {
        linuxFxVersion: `DOCKER|${image}`,
        alwaysOn: true,
        appSettings: Object.entries(settings).map(([name, value]) => ({ name, value })),
      },
    },
  });
  const fake = azure.fake({ close: () => operations.settled() });
  return { ...fake, app, place: { ...place, app: "detector", plan: planName } };
}

function skus(tier: string): Omit<PlanState["sku"], "capacity"> {
  return tier === "Basic"
    ? { name: "B1", tier, size: "B1", family: "B" }
    : { name: "P1v3", tier, size: "P1v3", family: "Pv3" };
}
