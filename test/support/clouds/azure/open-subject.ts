import { type ProviderSettings, providerSchema } from "#adapters/registry.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import type { ControlSubject, OpenedSubject } from "../control-bench.ts";
import { createLightWorld } from "../light-world.ts";
import type { World } from "../world.ts";
import { type AppServiceFake, type AppServiceOptions, startAppService } from "./start-app-service.ts";
import type { AzureFake } from "./start-azure.ts";
import {
  type ContainerAppsFake,
  type ContainerAppsOptions,
  startContainerApps,
} from "./start-container-apps.ts";
import { trustAzure } from "./trust.ts";

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;

export const images = {
  v1: `acme.azurecr.io/detector@${digest("1")}`,
  v2: `acme.azurecr.io/detector@${digest("2")}`,
  broken: `acme.azurecr.io/detector-broken@${digest("3")}`,
};

/** With settings of its own where a test needs them. */
export type Opening<Options> = Partial<Options> & { readonly own?: Readonly<Record<string, unknown>> };

export type OpenedAzure<Fake> = OpenedSubject & { readonly fake: Fake };

export async function openAppService({
  own = {},
  ...options
}: Opening<AppServiceOptions> = {}): Promise<OpenedAzure<AppServiceFake>> {
  const world = createLightWorld();
  const fake = await startAppService({ world, image: images.v1, ...options });
  const keys = { kind: "app-service", ...fake.place, usdPerHour: 0.2 };
  return opened({ fake, world, settings: settingsOf(fake, { ...keys, ...own }) });
}

export async function openContainerApp({
  own = {},
  world = createLightWorld(),
  ...options
}: Opening<ContainerAppsOptions> = {}): Promise<OpenedAzure<ContainerAppsFake>> {
  const fake = await startContainerApps({ world, image: images.v1, ...options });
  const keys = { kind: "container-apps", ...fake.place, gpu: "t4", usdPerHour: 0.9 };
  return opened({ fake, world, settings: settingsOf(fake, { ...keys, ...own }) });
}

export const appServiceSubject: ControlSubject = {
  name: "app-service",
  open: () => openAppService(),
  actions: {
    read: "Microsoft.Web/sites/read",
    scale: "Microsoft.Web/serverfarms/write",
    deploy: "Microsoft.Web/sites/slots/write",
  },
};

export const containerAppsSubject: ControlSubject = {
  name: "container-apps",
  open: () => openContainerApp(),
  actions: {
    read: "Microsoft.App/containerApps/read",
    scale: "Microsoft.App/containerApps/write",
    deploy: "Microsoft.App/containerApps/write",
  },
};

function settingsOf(fake: AzureFake, keys: Readonly<Record<string, unknown>>): ProviderSettings {
  return providerSchema.parse({ api: fake.url, pollEvery: "10ms", ...keys });
}

type Parts<Fake> = { readonly fake: Fake; readonly world: World; readonly settings: ProviderSettings };

/** In this process the SDK looks for its identity in the real environment, and for whom to trust in Node's own list. */
async function opened<Fake extends AzureFake>({
  fake,
  world,
  settings,
}: Parts<Fake>): Promise<OpenedAzure<Fake>> {
  await Promise.all(world.instances().map(({ ready }) => ready));
  const stack = new AsyncDisposableStack();
  stack.use(trustAzure());
  for (const [name, value] of Object.entries(fake.env)) {
    const before = process.env[name];
    process.env[name] = value;
    stack.defer(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
  }
  stack.use(world);
  stack.use(fake);
  return {
    fake,
    world,
    settings,
    images,
    surroundings: { clock: systemClock, chance: systemChance, env: fake.env },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
