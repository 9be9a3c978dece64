import { dirname, resolve } from "node:path";
import { openProviders } from "#adapters/registry.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { openHttpServer } from "#infra/runtime/http-server.ts";
import { createInFlight } from "#infra/runtime/in-flight.ts";
import type { Lifecycle } from "#infra/runtime/lifecycle.ts";
import type { Log } from "#infra/runtime/log.ts";
import { createMetrics } from "#infra/runtime/metrics.ts";
import { openSoftState } from "#infra/runtime/soft-state/open-soft-state.ts";
import { openKeyRing } from "./admission/key-ring.ts";
import { createApp } from "./app.ts";
import { openDirectory } from "./fleet/directory.ts";
import { buildFleet } from "./fleet/snapshot.ts";
import { loadConfig } from "./load-config.ts";
import { openKeyReader } from "./records/open-key-reader.ts";
import { logRequests, measureRequests } from "./telemetry.ts";

export type ServeOptions = {
  readonly configFile: string;
  readonly host: string;
  readonly port: number;
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  readonly log: Log;
};

/** Config, stores, fleet, app, door: in this order, so that what fails first has opened least. */
export async function serveGateway(life: Lifecycle, options: ServeOptions): Promise<void> {
  const { configFile, host, port, databaseUrl, redisUrl, log } = options;
  const config = await loadConfig(configFile);
  const metrics = createMetrics();
  life.resources.use(measureRequests(metrics));
  life.resources.use(logRequests(log, systemClock));

  const keysFile = resolve(dirname(configFile), config.keysFile);
  const reader = life.resources.use(
    await openKeyReader({ records: config.records, keysFile, databaseUrl, log, signal: life.stopping }),
  );
  const keys = life.resources.use(await openKeyRing({ read: reader.read, clock: systemClock }));

  const softState = life.resources.use(await openSoftState({ redisUrl }));

  const providers = await openProviders(config.providers);
  for (const provider of providers.values()) life.resources.use(provider);
  const fleet = await buildFleet(config, providers, { signal: life.stopping });
  const directory = life.resources.use(await openDirectory({ fleet, clock: systemClock }));

  const app = createApp({
    keys,
    metrics,
    directory,
    softState,
    fleet: () => fleet,
    ready: () => life.ready,
    limits: config.limits,
    inFlight: createInFlight({ most: config.limits.inFlight, mostBytes: config.limits.bodiesInHand }),
    clock: systemClock,
    chance: systemChance,
  });
  const server = life.resources.use(
    await openHttpServer({
      fetch: app.fetch,
      host,
      port,
      // The body reader gives up first and in our words; this is for what never reaches it.
      requestTimeoutMs: config.limits.bodyTimeout + 10_000,
    }),
  );
  life.announce({ url: server.url });
  log.info({ url: server.url }, "the gateway is ready");
}
