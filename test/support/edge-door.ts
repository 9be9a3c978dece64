import { OpenAPIHono } from "@hono/zod-openapi";
import { createDeviceKeys } from "#gateway/devices/device-keys.ts";
import { deviceRing } from "#gateway/devices/device-ring.ts";
import { measureDevices } from "#gateway/devices/measure-devices.ts";
import { createNonces } from "#gateway/devices/nonces.ts";
import { createUsedProofs } from "#gateway/devices/used-proofs.ts";
import type { GatewayEnv } from "#gateway/gateway-env.ts";
import { answerProblem } from "#gateway/problem.ts";
import { makeKey } from "#gateway/repository/signing-key.ts";
import { type EdgeDeps, edgeMarkRing, edgeRoutes } from "#gateway/routes/edge.ts";
import type { BlobStore } from "#infra/runtime/blobs/blob-store.ts";
import { systemChance as chance } from "#infra/runtime/chance.ts";
import { type Clock, systemClock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createInFlight } from "#infra/runtime/in-flight.ts";
import { createMetrics, type Metrics } from "#infra/runtime/metrics.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { createSoftStateInProcess } from "#infra/runtime/soft-state/in-process.ts";
import type { SoftState } from "#infra/runtime/soft-state/soft-state.ts";
import type { Send } from "./proving-device.ts";

export type EdgeDoor = {
  /** As a device reaches it, without a socket. */
  readonly send: Send;
  /** The same for whoever opens one. */
  readonly fetch: (request: Request) => Promise<Response> | Response;
  readonly metrics: Metrics;
};

export type EdgeDoorOptions = {
  /** None is one that is away. */
  readonly database?: Database;
  readonly softState?: Pick<SoftState, "apply">;
  readonly isShared?: boolean;
  readonly clock?: Clock;
  /** Of one fleet, all gateways have the same. */
  readonly secret?: Uint8Array;
  readonly more?: Partial<EdgeDeps>;
};

/** A room behind the ring of devices in which nothing happens. */
export const probe = "/edge/v1/probe";

/** What one gateway has for devices, on a real database; several of them share what they are given together. */
export function openEdgeDoor(options: EdgeDoorOptions): EdgeDoor {
  const metrics = createMetrics({ processMetrics: false });
  const deps = edgeDeps({ metrics, ...options });
  const app = new OpenAPIHono<GatewayEnv>();
  app.onError(answerProblem);
  app.use("/edge/v1/*", edgeMarkRing());
  app.route("/edge/v1", edgeRoutes(deps));
  app.use(probe, deviceRing(deps.identity));
  app.all(probe, (c) => c.json({ device: c.get("device").id, bytes: c.get("provedBody").byteLength }));
  return { send: (path, init) => app.request(path, init), fetch: app.fetch, metrics };
}

/** The same before it is routes. */
export function edgeDeps(options: EdgeDoorOptions & { readonly metrics: Metrics }): EdgeDeps {
  const { clock = systemClock, isShared = true, secret = new Uint8Array(32), metrics } = options;
  const { database = noDatabase, softState = createSoftStateInProcess({ clock }) } = options;
  return {
    identity: {
      ...{ database, clock, chance },
      keys: createDeviceKeys({ database, clock }),
      nonces: createNonces({ secret, clock }),
      used: createUsedProofs({ softState, clock, isShared }),
      inFlight: createInFlight({ most: 256 }),
      telemetry: measureDevices(metrics),
    },
    plan: {
      ...{ database, onlineKey: makeKey(), releases: () => [], newestLists: async () => undefined },
      ...{ pollMs: 60_000, clock },
    },
    repository: { blobs: emptyBlobs, clock, isPublic: false },
    ...options.more,
  };
}

const away = () => Promise.reject(new TradewindError("database_unavailable", "there is none"));
const close = async (): Promise<void> => {};

const noDatabase: Database = { query: away, transaction: away, close, [Symbol.asyncDispose]: close };

const missing = () => Promise.reject(new TradewindError("blob_missing", "nothing lies here"));

/** A store in which nothing lies. */
const emptyBlobs: BlobStore = {
  list: async () => [],
  ...{ read: missing, readRange: missing, download: missing, write: missing },
  ...{ delete: close, close, [Symbol.asyncDispose]: close },
};
