import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { type InRedisOptions, openSoftStateInRedis } from "#infra/runtime/soft-state/in-redis.ts";
import type { SoftState } from "#infra/runtime/soft-state/soft-state.ts";
import { freePort } from "#test/support/free-port.ts";
import { type RedisCluster, startRedisCluster } from "#test/support/redis-cluster.ts";
import { runSoftStateContract } from "#test/support/soft-state-contract.ts";

let shared: RedisCluster;
let opened = 0;

beforeAll(async () => {
  shared = await startRedisCluster();
});

afterAll(() => shared.close());

runSoftStateContract({
  name: "soft state in a cluster of three",
  create: async () => {
    opened += 1;
    const options = { url: shared.url, keyPrefix: `test ${opened}:`, timeoutMs: 1_000 };
    return { soft: await openSoftStateInRedis(options), pass: async (ms) => void (await sleep(ms + 5)) };
  },
});

test("follows keys that move to another server while it is asked", async () => {
  const soft = await open({ url: shared.url, keyPrefix: "moving:", timeoutMs: 1_000 });
  expect(await count(soft, "wanderer")).toEqual([1]);
  const clients = shared.nodes.map(({ port }) => new Redis(port));
  onTestFinished(() => {
    for (const client of clients) client.disconnect();
  });
  const slot = String(await clients[0]?.call("cluster", "keyslot", "moving:{wanderer}:n"));
  const holders = await Promise.all(clients.map((client) => client.call("cluster", "countkeysinslot", slot)));
  const from = holders.indexOf(1);
  const to = (from + 1) % clients.length;
  const ids = await Promise.all(clients.map(async (client) => String(await client.call("cluster", "myid"))));
  await clients[to]?.call("cluster", "setslot", slot, "importing", `${ids[from]}`);
  await clients[from]?.call("cluster", "setslot", slot, "migrating", `${ids[to]}`);
  expect(await count(soft, "wanderer")).toEqual([2]);
  const port = `${shared.nodes[to]?.port}`;
  await clients[from]?.call("migrate", "127.0.0.1", port, "moving:{wanderer}:n", "0", "5000");
  // The old server answers ASK now, and MOVED once everybody knows.
  expect(await count(soft, "wanderer")).toEqual([3]);
  for (const client of clients) await client.call("cluster", "setslot", slot, "node", `${ids[to]}`);
  expect(await count(soft, "wanderer")).toEqual([4]);
  expect(await count(soft, "wanderer")).toEqual([5]);
});

test("goes on with the servers that answer while one is silent, and uses it again when it speaks", async () => {
  await using cluster = await startRedisCluster();
  const soft = await open({ url: cluster.url, timeoutMs: 100 });
  const tags = Array.from({ length: 30 }, (_, place) => `tenant ${place}`);
  await Promise.all(tags.map((tag) => count(soft, tag)));
  cluster.nodes[0]?.pause();
  const startedAt = performance.now();
  const results = await Promise.allSettled(tags.map((tag) => count(soft, tag)));
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  const lost = results.filter(({ status }) => status === "rejected").length;
  expect(lost).toBeGreaterThan(0);
  expect(lost).toBeLessThan(tags.length);
  cluster.nodes[0]?.resume();
  await vi.waitFor(() => Promise.all(tags.map((tag) => count(soft, tag))), { timeout: 15_000 });
});

test("opens at once while the whole cluster is away", async () => {
  const soft = await open({
    url: `redis-cluster://127.0.0.1:${await freePort()},127.0.0.1:${await freePort()}`,
  });
  await expect(soft.ping()).rejects.toMatchObject({ code: "soft_state_unavailable" });
  await expect(count(soft, "t")).rejects.toMatchObject({ code: "soft_state_unavailable" });
});

function count(soft: SoftState, tag: string): Promise<readonly [number]> {
  return soft.apply([{ kind: "increment", tag, key: "n", by: 1, ttlMs: 60_000 }]);
}

async function open(options: InRedisOptions): Promise<SoftState> {
  const soft = await openSoftStateInRedis(options);
  onTestFinished(() => soft.close());
  return soft;
}
