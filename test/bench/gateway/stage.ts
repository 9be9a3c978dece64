import { join } from "node:path";
import { startPostgres } from "../../support/postgres.ts";
import { startRedisServer } from "../../support/redis-server.ts";
import type { BenchContext } from "../bench.ts";
import { storeBenchKeys } from "./bench-keys.ts";
import { type LoadGenerator, openLoadGenerator } from "./load-generator.ts";
import { type OursOptions, serveOurs } from "./serve-ours.ts";
import { type Server, serveModule } from "./server.ts";

/** What all sides share. */
export type Stage = {
  readonly context: BenchContext;
  readonly generator: LoadGenerator;
  readonly backend: Server;
  readonly backendUrl: string;
  readonly redisUrl: string;
  readonly databaseUrl: string;
  /** Closes what is opened on this stage. */
  readonly resources: AsyncDisposableStack;
};

/** How many keys the gateways know whose keys are not what is measured. */
export const usualKeys = 10;

export async function openStage(context: BenchContext, resources: AsyncDisposableStack): Promise<Stage> {
  const { signal } = context;
  // An address in the shell's own environment would put Redis behind the gateway that is to have none.
  delete process.env.REDIS_URL;
  const generator = resources.use(await openLoadGenerator(signal));
  const redis = resources.use(await startRedisServer());
  const postgres = resources.use(await startPostgres());
  await storeBenchKeys(postgres.url, usualKeys, signal);
  const backend = resources.use(
    await serveModule({ module: new URL("./backend.ts", import.meta.url), signal }),
  );
  return {
    ...{ context, generator, backend, resources },
    backendUrl: `http://127.0.0.1:${backend.port}`,
    redisUrl: redis.url,
    databaseUrl: postgres.url,
  };
}

/** One more gateway of ours on the stage. */
export async function openOurs(
  { context, databaseUrl, backendUrl, resources }: Stage,
  name: string,
  options: Partial<OursOptions> = {},
): Promise<Server> {
  const { root, signal } = context;
  const folder = join(context.folder, name);
  return resources.use(
    await serveOurs({ root, folder, databaseUrl, backend: backendUrl, signal, ...options }),
  );
}
