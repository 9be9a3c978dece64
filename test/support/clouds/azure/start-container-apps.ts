import type { World } from "../world.ts";
import { ContainerAppState, type RevisionState } from "./container-app.ts";
import { appVersion, containerAppsRoutes } from "./container-apps-routes.ts";
import { createOperations } from "./operations.ts";
import { type AzureFake, startAzure } from "./start-azure.ts";

export type ContainerAppsOptions = {
  readonly world: World;
  /** What answers from the start. */
  readonly image: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly least?: number;
  readonly audience?: string;
  readonly idleMs?: number;
  readonly settleMs?: number;
  readonly profile?: string;
};

export type ContainerAppsFake = AzureFake & {
  readonly app: ContainerAppState;
  readonly place: typeof place;
};

const place = {
  subscription: "00000000-0000-4000-8000-000000000001",
  resourceGroup: "vision",
  region: "swedencentral",
  app: "detector-gpu",
};

/** One container app, written from the API's paths and the SDK's own models. */
export async function startContainerApps({
  world,
  image,
  env = {},
  least = 1,
  audience,
  idleMs = 400,
  settleMs = 20,
  profile = "gpu-t4",
}: ContainerAppsOptions): Promise<ContainerAppsFake> {
  const packageName = "@azure/arm-appcontainers";
  const azure = await startAzure({ packageName, apiVersion: appVersion, audience });
  const operations = createOperations();
  const openFront = async (revision: RevisionState): Promise<void> => {
    revision.host = await azure.openFront(() => app.choose(revision));
  };
  const app = new ContainerAppState({ world, name: place.app, idleMs, openFront });
  await azure.serve(containerAppsRoutes({ app, place, profile, operations, settleMs, origin: azure.origin }));
  app.host = await azure.openFront(() => app.choose());
  await app.patch({
    properties: {
      template: {
        revisionSuffix: "first",
        containers: [
          { image, name: "backend", env: Object.entries(env).map(([name, value]) => ({ name, value })) },
        ],
        scale: { minReplicas: least, maxReplicas: 2 },
      },
    },
  });
  const fake = azure.fake({
    close: async () => {
      app.close();
      await operations.settled();
    },
  });
  return { ...fake, app, place };
}
