import { settings as settingsSchema } from "#adapters/cloud-run/settings.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { type Clock, systemClock } from "#infra/runtime/clock.ts";
import type { ControlSubject, OpenedSubject } from "../control-contract.ts";
import { createLightWorld } from "../light-world.ts";
import { type CloudRunOptions, createFakeCloudRun, type FakeCloudRun } from "./create-fake.ts";
import type { TemplateMessage, Variable } from "./service-state.ts";

export type CloudRunSubject = OpenedSubject & { readonly fake: FakeCloudRun };

export type SubjectOptions = Partial<CloudRunOptions> & {
  readonly transport: "grpc" | "rest";
  readonly coldMs?: number;
  readonly clock?: Clock;
  readonly customAudiences?: readonly string[];
  /** What somebody else has set in the container's environment. */
  readonly variables?: readonly Variable[];
  /** Further keys of the provider's settings. */
  readonly keys?: Readonly<Record<string, unknown>>;
};

const images = {
  v1: `europe-docker.pkg.dev/team-vision/tradewind/backend@sha256:${"1".repeat(64)}`,
  v2: `europe-docker.pkg.dev/team-vision/tradewind/backend@sha256:${"2".repeat(64)}`,
  broken: `europe-docker.pkg.dev/team-vision/tradewind/broken@sha256:${"3".repeat(64)}`,
};

/** A service `digits` that runs its first image on one instance with a GPU. */
export async function openCloudRun(options: SubjectOptions): Promise<CloudRunSubject> {
  const {
    transport,
    coldMs = 30,
    clock = systemClock,
    keys = {},
    customAudiences = [],
    variables = [],
    ...given
  } = options;
  const world = given.world ?? createLightWorld({ coldMs });
  const fake = await createFakeCloudRun({ ...given, world });
  await fake.platform.put({
    service: "digits",
    template: templateOf(images.v1, variables),
    least: 1,
    most: 3,
    customAudiences,
  });
  const restoreEnv = setEnv(fake.env);
  const settings = settingsSchema.parse({
    kind: "cloud-run",
    project: "team-vision",
    region: "europe-west4",
    service: "digits",
    gpu: "nvidia-l4",
    usdPerHour: 1.05,
    transport,
    api: transport === "grpc" ? fake.grpcUrl : fake.url,
    ...keys,
  });
  return {
    fake,
    world,
    settings,
    surroundings: { clock, chance: systemChance, env: fake.env },
    images,
    [Symbol.asyncDispose]: async () => {
      restoreEnv();
      await fake.close();
      await world.close();
    },
  };
}

export function cloudRunSubject(transport: "grpc" | "rest"): ControlSubject {
  return {
    name: `cloud-run over ${transport}`,
    open: () => openCloudRun({ transport }),
    actions: { read: "run.services.get", scale: "run.services.update", deploy: "run.services.update" },
  };
}

function templateOf(image: string, variables: readonly Variable[]): TemplateMessage {
  const container = {
    image,
    ports: [{ name: "http1", containerPort: 8080 }],
    env: [...variables, { name: "TRADEWIND_MODELS", value: "/models/one" }],
    resources: { limits: { cpu: "4", memory: "16Gi", "nvidia.com/gpu": "1" } },
  };
  const gpu = { nodeSelector: { accelerator: "nvidia-l4" }, gpuZonalRedundancyDisabled: true };
  return { containers: [container], ...gpu };
}

/** The SDK finds its credentials by the process's own variables. */
function setEnv(wanted: Readonly<Record<string, string>>): () => void {
  const before = Object.keys(wanted).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, wanted);
  return () => {
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  };
}
