import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { freePort } from "./free-port.ts";
import { type RedisServer, startRedisServer } from "./redis-server.ts";

export type RedisCluster = AsyncDisposable & {
  readonly url: string;
  readonly nodes: readonly RedisServer[];
  readonly close: () => Promise<void>;
};

const slots = 16_384;

/** Three real servers that share the slots between them, without replicas; one that is away takes its slots along only. */
export async function startRedisCluster(): Promise<RedisCluster> {
  // One after the other: a port that was free a moment ago is not taken by two of them.
  const started = [await startNode(), await startNode(), await startNode()];
  const nodes = started.map(({ server }) => server);
  const close = async (): Promise<void> => void (await Promise.all(nodes.map((node) => node.close())));
  try {
    await join(started);
    const url = `redis-cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(",")}`;
    return { url, nodes, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Node = { readonly server: RedisServer; readonly busPort: number };

/** Any process may take a free port before the server does, and then another is looked for. */
async function startNode(triesLeft = 3): Promise<Node> {
  try {
    return await startOn(await freePort());
  } catch (error) {
    if (triesLeft === 0) throw error;
    return await startNode(triesLeft - 1);
  }
}

async function startOn(busPort: number): Promise<Node> {
  const flags = [
    "--cluster-enabled",
    "yes",
    "--cluster-port",
    `${busPort}`,
    "--cluster-node-timeout",
    "5000",
  ];
  const alone = ["--cluster-require-full-coverage", "no", "--cluster-announce-ip", "127.0.0.1"];
  return { server: await startRedisServer({ flags: [...flags, ...alone] }), busPort };
}

async function join(nodes: readonly Node[]): Promise<void> {
  const clients = nodes.map(({ server }) => new Redis(server.port));
  try {
    for (const [index, client] of clients.entries()) {
      const [first, next] = [index, index + 1].map((place) => Math.floor((place * slots) / nodes.length));
      await client.call("cluster", "addslotsrange", `${first}`, `${Number(next) - 1}`);
      await client.call("cluster", "set-config-epoch", `${index + 1}`);
    }
    for (const { server, busPort } of nodes.slice(1)) {
      await clients[0]?.call("cluster", "meet", "127.0.0.1", `${server.port}`, `${busPort}`);
    }
    for (const client of clients) await untilWhole(client, nodes.length);
  } finally {
    for (const client of clients) client.disconnect();
  }
}

async function untilWhole(client: Redis, nodes: number, triesLeft = 500): Promise<void> {
  const info = String(await client.call("cluster", "info"));
  const known = info.includes(`cluster_known_nodes:${nodes}`) && info.includes(`cluster_size:${nodes}`);
  if (known && info.includes(`cluster_slots_assigned:${slots}`) && info.includes("cluster_state:ok")) return;
  if (triesLeft === 0) throw new Error(`the cluster did not come together:\n${info}`);
  await sleep(20);
  await untilWhole(client, nodes, triesLeft - 1);
}
