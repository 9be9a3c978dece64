import { startAppService } from "#test/support/clouds/azure/start-app-service.ts";
import { createFakeCloudRun } from "#test/support/clouds/cloud-run/create-fake.ts";
import { startFakeEcs } from "#test/support/clouds/ecs/start-fake-ecs.ts";
import { createRealWorld } from "#test/support/clouds/real-world.ts";
import type { CloudFake, World } from "#test/support/clouds/world.ts";

export type CloudName = "aws" | "gcp" | "azure";

/** Three clouds with one service each, whose instances are real backends of one world. */
export type Clouds = AsyncDisposable & {
  readonly world: World;
  readonly fakes: Readonly<Record<CloudName, CloudFake>>;
  /** Their entries in a configuration. */
  readonly providers: Readonly<Record<CloudName, Readonly<Record<string, unknown>>>>;
  /** What a process needs to find them all and to be let in. */
  readonly env: Readonly<Record<string, string>>;
};

const secret = "a-secret-of-this-run";

/** As a person would have to name them: by their digest. */
export function imageOf(digit: string): string {
  return `registry.example/tradewind/backend@sha256:${digit.repeat(64)}`;
}

/** What stands before anything was deployed by us. */
export const imageBefore = imageOf("0");

/** An instance that nobody needs stays for seconds here, and costs as much by that as in the quarter of an hour it stays for. */
const idleMs = 8_000;
const shortened = 900_000 / idleMs;

export async function openClouds({ models }: { readonly models: string }): Promise<Clouds> {
  await using opening = new AsyncDisposableStack();
  const world = opening.use(createRealWorld({ images: { [imageBefore]: { models } }, coldMs: 300 }));
  const aws = opening.use(
    await startFakeEcs({
      world,
      image: imageBefore,
      env: { TRADEWIND_MODELS: models, TRADEWIND_CALL_SECRET: secret },
      // What bakes for a minute stands for so long beside its successor.
      minuteMs: 4_000,
    }),
  );
  const gcp = opening.use(await createFakeCloudRun({ world, settleMs: 300, idleMs }));
  await gcp.platform.put({ service: "digits", template: templateOf(models), least: 1, most: 2 });
  const azure = opening.use(
    await startAppService({
      world,
      image: imageBefore,
      settings: { TRADEWIND_MODELS: models },
      settleMs: 300,
      warmUpMs: 20_000,
    }),
  );
  const opened = opening.move();
  return {
    world,
    fakes: { aws, gcp, azure },
    providers: {
      aws: {
        ...{ kind: "ecs", region: aws.cluster.region, cluster: aws.cluster.name, service: aws.service.name },
        ...{ api: aws.url, sign: { secret: { env: "TRADEWIND_CALL_SECRET" } }, usdPerHour: 0.526 },
        rediscover: "2s",
        scale: { least: 1, most: 2 },
      },
      gcp: {
        ...{ kind: "cloud-run", project: "team-vision", region: "europe-west4", service: "digits" },
        ...{ api: gcp.url, transport: "rest", usdPerHour: 0.26 * shortened, cold: "3s", concurrency: 16 },
        idle: `${idleMs}ms`,
      },
      azure: { kind: "app-service", ...azure.place, api: azure.url, pollEvery: "200ms", usdPerHour: 0.2 },
    },
    env: { ...aws.env, ...gcp.env, ...azure.env, TRADEWIND_CALL_SECRET: secret },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function templateOf(models: string) {
  const container = {
    image: imageBefore,
    ports: [{ name: "http1", containerPort: 8080 }],
    env: [{ name: "TRADEWIND_MODELS", value: models }],
    resources: { limits: { cpu: "2", memory: "4Gi" } },
  };
  return { containers: [container] };
}
