import { hkdfSync } from "node:crypto";
import { dirname, resolve } from "node:path";
import type { Surroundings } from "#adapters/surroundings.ts";
import type { BlobStore } from "#infra/runtime/blobs/blob-store.ts";
import { openBlobs } from "#infra/runtime/blobs/open-blobs.ts";
import type { Chance } from "#infra/runtime/chance.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createInFlight } from "#infra/runtime/in-flight.ts";
import type { Metrics } from "#infra/runtime/metrics.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import type { SoftState } from "#infra/runtime/soft-state/soft-state.ts";
import type { EdgeSettings } from "./config/edge.ts";
import { createDeviceKeys } from "./devices/device-keys.ts";
import type { IdentityDeps } from "./devices/identity-routes.ts";
import { measureDevices } from "./devices/measure-devices.ts";
import { measureFleet } from "./devices/measure-fleet.ts";
import { createNonces } from "./devices/nonces.ts";
import { createUsedProofs } from "./devices/used-proofs.ts";
import { watchReleases } from "./devices/watch-releases.ts";
import { fingerprintInStore } from "./repository/first-root.ts";
import { keepFresh } from "./repository/keep-fresh.ts";
import { keepLists } from "./repository/kept-lists.ts";
import { createNewestLists } from "./repository/newest-lists.ts";
import { openOnlineKey } from "./repository/online-key.ts";
import type { SigningKey } from "./repository/signing-key.ts";
import { createEndsWarning } from "./repository/warn-of-ends.ts";
import type { EdgeDeps } from "./routes/edge.ts";

/** What the devices' rooms stand on. */
export type Edge = AsyncDisposable & {
  readonly deps: EdgeDeps;
  /** What tokens for new devices say of the repository's first root. */
  readonly firstRoot: () => Promise<string>;
};

export type OpenEdgeOptions = {
  readonly settings: EdgeSettings;
  /** Where relative places are named from. */
  readonly configFile: string;
  readonly database: Database;
  readonly softState: SoftState;
  /** Whether no gateway has another soft state than this one's. */
  readonly isShared: boolean;
  /** Of several that share a port, the first keeps the repository fresh for all. */
  readonly isFirst: boolean;
  readonly env: Surroundings["env"];
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly signal: AbortSignal;
};

export async function openEdge(options: OpenEdgeOptions): Promise<Edge> {
  const { settings, configFile, database, env, clock, chance, signal } = options;
  const near = (place: string): string => resolve(dirname(configFile), place);
  await using opening = new AsyncDisposableStack();
  const place = settings.onlineKey;
  const onlineKey = await openOnlineKey(place.startsWith("env:") ? place : near(place), env);
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(settings.repository);
  const store = opening.use(await openBlobs(isUrl ? settings.repository : near(settings.repository)));
  const everyMs = Math.min(mostLookMs, settings.poll);
  if (options.isFirst) opening.use(keepFresh({ store, key: onlineKey, clock, chance, everyMs }));
  const onRead = options.isFirst ? createEndsWarning({ metrics: options.metrics, clock }) : () => {};
  const repository = { store, clock };
  const releases = opening.use(await watchReleases({ repository, clock, everyMs, onRead, signal }));
  const lists = keepLists({ blobs: store, clock });
  const newestLists = createNewestLists({ lists, clock });
  measureFleet(options.metrics, { database, clock });
  const opened = opening.move();
  return {
    deps: {
      identity: identityOf(options, onlineKey),
      plan: { database, onlineKey, releases: releases.now, newestLists, pollMs: settings.poll, clock },
      repository: { blobs: store, lists, clock, isPublic: settings.public },
    },
    firstRoot: () => tellFirstRoot(store),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** How long a release that was just published may stay out of plans. */
const mostLookMs = 15_000;

async function tellFirstRoot(store: BlobStore): Promise<string> {
  try {
    return await fingerprintInStore(store, { signal: AbortSignal.timeout(10_000) });
  } catch (cause) {
    const message = "the repository's first root cannot be read, and a token without it lets no device in";
    const hint = "make the repository with `tradewind models repository`, or see whether its store answers";
    throw new TradewindError("repository_unreachable", message, { cause, hint });
  }
}

/** As many as the records answer within a moment; devices come again. */
const mostCalls = 256;

function identityOf(options: OpenEdgeOptions, { privateKey }: SigningKey): IdentityDeps {
  const { database, softState, isShared, metrics, clock, chance } = options;
  const own = privateKey.export({ format: "der", type: "pkcs8" });
  // All gateways have this key, so what one gives out the others know; and nobody can tell the key from it.
  const secret = new Uint8Array(hkdfSync("sha256", own, "", "tradewind nonces of devices", 32));
  return {
    ...{ database, clock, chance },
    keys: createDeviceKeys({ database, clock }),
    nonces: createNonces({ secret, clock }),
    used: createUsedProofs({ softState, clock, isShared }),
    inFlight: createInFlight({ most: mostCalls, mostBytes: 64 * 1_048_576 }),
    telemetry: measureDevices(metrics),
  };
}
