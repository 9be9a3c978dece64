import { readFile } from "node:fs/promises";
import type { Cluster, Command, Redis, RedisOptions } from "ioredis";
import type { Chance } from "../chance.ts";
import { TradewindError } from "../errors.ts";
import type { RedisAddress } from "./redis-address.ts";

export type RedisClientOptions = {
  readonly address: RedisAddress;
  readonly chance: Chance;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
};

export type OpenedClient = {
  readonly client: Redis | Cluster;
  readonly Command: typeof Command;
  /** Resolves when all that can be reached is; what cannot is sought on, without end. */
  readonly connect: () => Promise<void>;
  readonly publish: (channel: string, message: string) => Promise<void>;
  /** For listening, on a connection of its own. */
  readonly another: () => Redis | Cluster;
};

/** Makes the client without connecting; a cluster's servers are each spoken to with the same options. */
export async function createRedisClient(options: RedisClientOptions): Promise<OpenedClient> {
  const { address } = options;
  const settings = { ...connectionSettings(options), ...(await addressSettings(address)) };
  const retryStrategy = retryDelay(options.chance);
  // Loaded here, since a process that keeps its soft state in memory never needs it.
  const { Redis, Cluster, Command } = await import("ioredis");
  const another = (): Redis | Cluster => {
    const [node] = address.nodes;
    if (!address.cluster) return new Redis({ ...settings, ...node, db: address.db, retryStrategy });
    return new Cluster([...address.nodes], {
      redisOptions: settings,
      clusterRetryStrategy: retryStrategy,
      ...clusterSettings,
    });
  };
  const client = another();
  return {
    client,
    Command,
    another,
    connect: () =>
      client instanceof Cluster ? connectCluster(client) : client.connect().catch(() => undefined),
    publish: async (channel, message) => {
      const command = new Command("publish", [channel, message]);
      // Always by the same server, else messages would overtake each other on their ways through a cluster.
      if (client instanceof Cluster) client.sendCommand(command, undefined, { slot: 0 });
      else client.sendCommand(command);
      await command.promise;
    },
  };
}

function connectionSettings({ timeoutMs, connectTimeoutMs }: RedisClientOptions) {
  return {
    connectTimeout: connectTimeoutMs,
    // A connection that says nothing for this long is dead, though nobody closed it: begin a new one.
    socketTimeout: Math.max(1_000, 4 * timeoutMs),
    lazyConnect: true,
    enableOfflineQueue: false,
    // An increment whose answer was lost must not be counted twice.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    autoResubscribe: false,
    disableClientInfo: true,
  } satisfies RedisOptions;
}

/** Redirections are followed, since they come at once; nothing waits for a failover, which takes longer than a call may. */
const clusterSettings = {
  lazyConnect: true,
  enableOfflineQueue: false,
  // Servers that are there are used, even while others and their slots are not.
  enableReadyCheck: false,
  maxRedirections: 4,
  retryDelayOnFailover: 0,
  retryDelayOnClusterDown: 0,
  retryDelayOnTryAgain: 5,
  slotsRefreshTimeout: 1_000,
  slotsRefreshInterval: 5_000,
} as const;

/** Spread over half the delay, so that a fleet that lost its Redis together doesn't come back together. */
function retryDelay(chance: Chance): (times: number) => number {
  return (times) => Math.min(2_000, 25 * 2 ** Math.min(times, 10)) * (0.5 + chance.number() / 2);
}

/** The library connects to a server with the first command for it, which refuses those that come meanwhile. */
async function connectCluster(cluster: Cluster): Promise<void> {
  const connecting: Promise<void>[] = [];
  let opening = true;
  cluster.on("+node", (node: Redis) => {
    const connected = connectNode(node);
    if (opening) connecting.push(connected);
  });
  await cluster.connect().catch(() => undefined);
  await Promise.all(connecting);
  opening = false;
}

/** A server that the cluster lets go meanwhile ends its connection, and then never says that it is connected. */
function connectNode(node: Redis): Promise<void> {
  return new Promise((resolve) => {
    node.once("ready", resolve).once("end", resolve);
    node.connect().then(resolve, resolve);
  });
}

async function addressSettings({ username, password, tls, ca }: RedisAddress) {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: ca === undefined ? {} : { ca: await readCertificates(ca) } } : {}),
  };
}

async function readCertificates(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new TradewindError("config_invalid", `the certificates for Redis cannot be read from ${path}`, {
      cause,
    });
  }
}
