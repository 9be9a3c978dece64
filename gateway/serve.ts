import { dirname, resolve } from "node:path";
import type { Surroundings } from "#adapters/surroundings.ts";
import { type Chance, systemChance } from "#infra/runtime/chance.ts";
import { systemClock as clock } from "#infra/runtime/clock.ts";
import { createInFlight } from "#infra/runtime/in-flight.ts";
import type { Lifecycle } from "#infra/runtime/lifecycle.ts";
import type { Log } from "#infra/runtime/log.ts";
import { createMetrics, type Metrics } from "#infra/runtime/metrics.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { createRequestIds } from "#infra/runtime/request-id.ts";
import { openAccess } from "./admission/access.ts";
import { openBearerTokens } from "./admission/bearer-tokens.ts";
import { MemoryTier } from "./cache/memory-tier.ts";
import { createResultCache, type ResultCache } from "./cache/result-cache.ts";
import { createFlights } from "./cache/single-flight.ts";
import type { Config } from "./config.ts";
import { openSharedKnowledge, type SharedKnowledge } from "./dispatch/share-knowledge.ts";
import { type Counting, openCounting } from "./open-counting.ts";
import { type Dispatch, openDispatch } from "./open-dispatch.ts";
import { openDoors } from "./open-doors.ts";
import { type Edge, type OpenEdgeOptions, openEdge } from "./open-edge.ts";
import { admitInfer } from "./open-inference/admit-infer.ts";
import { keepSwept } from "./records/keep-swept.ts";
import { openRecords, type Records } from "./records/open-records.ts";
import { keepLedgerSwept } from "./records/sweep-ledger.ts";
import { logRequests, measureRequests } from "./telemetry.ts";

export type ServeOptions = {
  readonly configFile: string;
  /** What is in it, and as a configuration. */
  readonly configText: string;
  readonly config: Config;
  /** What this process makes of a configuration for itself, as one of several workers does. */
  readonly shape?: (config: Config) => Config;
  /** Takes what reads the file again when it is asked to. */
  readonly onReload?: (reload: () => void) => void;
  readonly host: string;
  readonly port: number;
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  /** Of the process, where providers find their secrets. */
  readonly env: Surroundings["env"];
  /** How many processes share this port, where they do. */
  readonly workers?: number;
  /** Which of them this is, from 1: the first does what one does for all. */
  readonly worker?: number;
  readonly metrics?: Metrics;
  readonly log: Log;
};

/** Records, dispatch, counting, doors: in this order, so that what fails first has opened least. */
export async function serveGateway(life: Lifecycle, options: ServeOptions): Promise<void> {
  const { metrics = createMetrics(), worker = 1, log, shape = (config) => config } = options;
  const { resources, stopping: signal } = life;
  resources.use(measureRequests(metrics));
  resources.use(logRequests(log, clock));

  const records = resources.use(await openRecordsOf(options, signal));
  const access = resources.use(await openAccess({ source: records.access, clock }));
  const { database } = records;
  if (database && worker === 1) resources.use(keepAllSwept(database));

  const around = { ...options, database, metrics, clock, chance, signal };
  const dispatch = resources.use(await openDispatch(around));
  const config = shape(dispatch.begunWith);
  options.onReload?.(() => void dispatch.configuration.reload());
  const tokens = resources.use(openBearerTokens(config.access.jwt, { clock, tenant: access.tenant }));

  const { limits, gateways: expectedGateways } = config;
  const counting = resources.use(await openCounting({ ...around, expectedGateways, limits }));
  resources.use(await shareKnowledge(dispatch, counting));
  const cache = openCache(config, counting, options);
  resources.defer(cache.settled);
  const edge = await openEdgeOf({ ...around, config, counting });
  if (edge) resources.use(edge);

  const doors = resources.use(
    await openDoors({
      config,
      address: options,
      access,
      tokens,
      deps: {
        ...counting,
        ...dispatch,
        access,
        metrics,
        cache,
        flights: createFlights(),
        database,
        ...(edge && { edge: edge.deps, releases: edge.deps.plan.releases, firstRoot: edge.firstRoot }),
        admit: admitInfer(counting),
        ready: () => life.ready,
        limits,
        inFlight: createInFlight({ most: limits.inFlight, mostBytes: limits.bodiesInHand }),
        clock,
        chance,
      },
    }),
  );
  life.announce({ url: doors.url });
  log.info({ url: doors.url, listeners: doors.others }, "the gateway is ready");
}

const chance: Chance = systemChance;

/** Alone too: then each backend is only told that nobody shares it. */
function shareKnowledge(
  { known, dispatcher }: Dispatch,
  { softState, gateways }: Counting,
): Promise<SharedKnowledge> {
  const id = createRequestIds(clock, chance)();
  return openSharedKnowledge({ softState, gateways, known, now: dispatcher.now, clock, chance, id });
}

function openRecordsOf(options: ServeOptions, signal: AbortSignal): Promise<Records> {
  const { config, configFile, databaseUrl, worker = 1, workers = 1 } = options;
  const keysFile = resolve(dirname(configFile), config.keysFile);
  // What it warns of is true of all workers, and said by one.
  const log = worker === 1 ? options.log : options.log.child({}, { level: "error" });
  const connections = Math.max(2, Math.floor(10 / workers));
  return openRecords({ records: config.records, keysFile, databaseUrl, log, clock, signal, connections });
}

type EdgeOptions = Omit<OpenEdgeOptions, "settings" | "database" | "softState" | "isShared" | "isFirst"> & {
  readonly config: Config;
  readonly counting: Counting;
  readonly database: Database | undefined;
  readonly redisUrl: string | undefined;
  readonly workers?: number;
  readonly worker?: number;
};

async function openEdgeOf(options: EdgeOptions): Promise<Edge | undefined> {
  const { config, counting, database, redisUrl, workers = 1, worker = 1 } = options;
  const { edge: settings, gateways } = config;
  if (!settings || !database) return undefined;
  const isShared = redisUrl !== undefined || gateways * workers === 1;
  const { softState } = counting;
  return await openEdge({ ...options, settings, softState, database, isShared, isFirst: worker === 1 });
}

function keepAllSwept(database: Database): AsyncDisposable {
  const sweeping = new AsyncDisposableStack();
  sweeping.use(keepSwept(database, clock));
  sweeping.use(keepLedgerSwept(database, { clock }));
  return sweeping;
}

function openCache(
  { cacheMemory, limits }: Config,
  { softState, alone }: Counting,
  { workers = 1 }: ServeOptions,
): ResultCache {
  return createResultCache({
    softState,
    memory: new MemoryTier({ clock, maxBytes: cacheMemory }),
    clock,
    chance,
    // Workers start together, and each hears of the others only a moment later.
    alone: () => workers === 1 && alone(),
    // Longer than any request: a claim that ended before its maker would make two.
    claimMs: limits.requestTimeout + 5_000,
  });
}
