import { dirname, resolve } from "node:path";
import { openProviders } from "#adapters/registry.ts";
import { type Chance, systemChance } from "#infra/runtime/chance.ts";
import { systemClock as clock } from "#infra/runtime/clock.ts";
import { createInFlight } from "#infra/runtime/in-flight.ts";
import type { Lifecycle } from "#infra/runtime/lifecycle.ts";
import type { Log } from "#infra/runtime/log.ts";
import { createMetrics, type Metrics } from "#infra/runtime/metrics.ts";
import { openAccess } from "./admission/access.ts";
import { openBearerTokens } from "./admission/bearer-tokens.ts";
import { MemoryTier } from "./cache/memory-tier.ts";
import { createResultCache } from "./cache/result-cache.ts";
import { createFlights } from "./cache/single-flight.ts";
import type { Config } from "./config.ts";
import { type Directory, openDirectory } from "./fleet/directory.ts";
import { buildFleet, type Fleet } from "./fleet/snapshot.ts";
import { loadConfig } from "./load-config.ts";
import { openCounting } from "./open-counting.ts";
import { openDoors } from "./open-doors.ts";
import { admitInfer } from "./open-inference/admit-infer.ts";
import { keepSwept } from "./records/keep-swept.ts";
import { openRecords, type Records } from "./records/open-records.ts";
import { logRequests, measureRequests } from "./telemetry.ts";

export type ServeOptions = {
  readonly configFile: string;
  /** What is in it, where whoever starts this has read it. */
  readonly config?: Config;
  readonly host: string;
  readonly port: number;
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  /** How many processes share this port, where they do. */
  readonly workers?: number;
  /** Which of them this is, from 1: the first does what one does for all. */
  readonly worker?: number;
  readonly metrics?: Metrics;
  readonly log: Log;
};

/** Config, records, counting, fleet, doors: in this order, so that what fails first has opened least. */
export async function serveGateway(life: Lifecycle, options: ServeOptions): Promise<void> {
  const { configFile, metrics = createMetrics(), worker = 1, workers = 1, log } = options;
  const { resources } = life;
  const config = options.config ?? (await loadConfig(configFile));
  resources.use(measureRequests(metrics));
  resources.use(logRequests(log, clock));

  const records = resources.use(await openRecordsOf(config, options, life.stopping));
  const access = resources.use(await openAccess({ source: records.access, clock }));
  const { database } = records;
  if (database && worker === 1) resources.use(keepSwept(database, clock));
  const tokens = resources.use(openBearerTokens(config.access.jwt, { clock, tenant: access.tenant }));

  const { limits, gateways: expectedGateways } = config;
  const counting = resources.use(
    await openCounting({ ...options, expectedGateways, limits, metrics, clock, database }),
  );
  const { fleet, directory } = await openFleet(life, config);
  const { softState, alone } = counting;
  const memory = new MemoryTier({ clock, maxBytes: config.cacheMemory });
  const cache = createResultCache({
    softState,
    memory,
    clock,
    chance,
    // Workers start together, and each hears of the others only a moment later.
    alone: () => workers === 1 && alone(),
    // Longer than any request: a claim that ended before its maker would make two.
    claimMs: config.limits.requestTimeout + 5_000,
  });
  resources.defer(cache.settled);

  const doors = resources.use(
    await openDoors({
      config,
      address: options,
      access,
      tokens,
      deps: {
        ...counting,
        access,
        metrics,
        directory,
        cache,
        flights: createFlights(),
        database,
        fleet: () => fleet,
        admit: admitInfer({ ...counting, fleet: () => fleet }),
        ready: () => life.ready,
        limits: config.limits,
        inFlight: createInFlight({ most: config.limits.inFlight, mostBytes: config.limits.bodiesInHand }),
        clock,
        chance,
      },
    }),
  );
  life.announce({ url: doors.url });
  log.info({ url: doors.url, listeners: doors.others }, "the gateway is ready");
}

const chance: Chance = systemChance;

function openRecordsOf(config: Config, options: ServeOptions, signal: AbortSignal): Promise<Records> {
  const { configFile, databaseUrl, worker = 1, workers = 1 } = options;
  const keysFile = resolve(dirname(configFile), config.keysFile);
  // What it warns of is true of all workers, and said by one.
  const log = worker === 1 ? options.log : options.log.child({}, { level: "error" });
  const connections = Math.max(2, Math.floor(10 / workers));
  return openRecords({ records: config.records, keysFile, databaseUrl, log, clock, signal, connections });
}

async function openFleet(
  { resources, stopping }: Lifecycle,
  config: Config,
): Promise<{ readonly fleet: Fleet; readonly directory: Directory }> {
  const providers = await openProviders(config.providers);
  for (const provider of providers.values()) resources.use(provider);
  const fleet = await buildFleet(config, providers, { signal: stopping });
  return { fleet, directory: resources.use(await openDirectory({ fleet, clock })) };
}
