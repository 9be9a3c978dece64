import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { type InRedisOptions, openSoftStateInRedis } from "#infra/runtime/soft-state/in-redis.ts";
import type { SoftState } from "#infra/runtime/soft-state/soft-state.ts";
import { freePort } from "#test/support/free-port.ts";
import { type RedisServer, type RedisServerOptions, startRedisServer } from "#test/support/redis-server.ts";
import { runSoftStateContract } from "#test/support/soft-state-contract.ts";

const unavailable = { code: "soft_state_unavailable" };

let shared: RedisServer;
let opened = 0;

beforeAll(async () => {
  shared = await startRedisServer();
});

afterAll(() => shared.close());

runSoftStateContract({
  name: "soft state in Redis",
  create: async () => {
    opened += 1;
    const options = { url: shared.url, keyPrefix: `test ${opened}:`, timeoutMs: 1_000 };
    return { soft: await openSoftStateInRedis(options), pass: async (ms) => void (await sleep(ms + 5)) };
  },
});

test("keeps its keys under its prefix", async () => {
  const soft = await open({ url: shared.url, keyPrefix: "mine:" });
  const other = await open({ url: shared.url, keyPrefix: "" });
  await soft.apply([
    { kind: "increment", key: "n", by: 3, ttlMs: 60_000 },
    { kind: "set", key: "v", value: "x", ttlMs: 60_000 },
  ]);
  const [count, value] = await other.apply([
    { kind: "get", key: "mine:n" },
    { kind: "get", key: "mine:v" },
  ]);
  expect([new TextDecoder().decode(count), new TextDecoder().decode(value)]).toEqual(["3", "x"]);
});

test("opens at once while the server is away, and answers when it comes", async () => {
  const port = await freePort();
  const soft = await open({ url: `redis://127.0.0.1:${port}` });
  await expect(soft.ping()).rejects.toMatchObject(unavailable);
  await start({ port });
  await vi.waitFor(() => soft.ping(), { timeout: 5_000 });
});

test("rejects every call of a server killed amid them, and comes back with it by itself", async () => {
  const server = await start();
  const soft = await open({ url: server.url });
  const heard = vi.fn();
  await soft.subscribe("fleet", heard);
  const calls = Promise.allSettled(Array.from({ length: 200 }, () => count(soft)));
  await server.kill();
  const settled = await calls;
  const startedAt = performance.now();
  await expect(count(soft)).rejects.toMatchObject(unavailable);
  expect(performance.now() - startedAt).toBeLessThan(50);
  for (const result of settled)
    if (result.status === "rejected") expect(result.reason).toMatchObject(unavailable);
  await start({ port: server.port });
  await vi.waitFor(() => count(soft), { timeout: 5_000 });
  await vi.waitFor(
    async () => {
      await soft.publish("fleet", "after the crash");
      expect(heard).toHaveBeenCalledWith("after the crash");
    },
    { timeout: 5_000 },
  );
});

test("gives up on a silent server within its timeout, and uses it again when it speaks", async () => {
  const server = await start();
  const soft = await open({ url: server.url });
  await soft.ping();
  server.pause();
  const startedAt = performance.now();
  await expect(count(soft)).rejects.toMatchObject(unavailable);
  const waited = performance.now() - startedAt;
  expect(waited).toBeGreaterThan(40);
  expect(waited).toBeLessThan(500);
  server.resume();
  await vi.waitFor(() => count(soft), { timeout: 5_000 });
});

test("stops waiting at all for a server that stays silent", async () => {
  const server = await start();
  const soft = await open({ url: server.url });
  server.pause();
  await vi.waitFor(
    async () => {
      const startedAt = performance.now();
      await expect(count(soft)).rejects.toMatchObject(unavailable);
      expect(performance.now() - startedAt).toBeLessThan(20);
    },
    { timeout: 5_000 },
  );
  server.resume();
});

test("lets a caller leave a silent server before its timeout", async () => {
  const server = await start();
  const soft = await open({ url: server.url, timeoutMs: 5_000 });
  server.pause();
  const leaving = new AbortController();
  const call = soft.apply([{ kind: "get", key: "k" }], { signal: leaving.signal });
  leaving.abort(new Error("left"));
  await expect(call).rejects.toThrow("left");
  server.resume();
});

test("refuses more calls than it may have in hand", async () => {
  const soft = await open({ url: shared.url, maxCalls: 2, timeoutMs: 1_000 });
  const results = await Promise.allSettled([soft.ping(), soft.ping(), soft.ping()]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
});

test("works with a password, and never says it when the server refuses", async () => {
  const server = await start({ password: "right-word" });
  const soft = await open({ url: server.url });
  await soft.ping();
  const refused = await open({ url: server.url.replace("right", "wrong") });
  const error = await refused.ping().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject(unavailable);
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain("wrong-word");
});

test("refuses an address that is none of Redis, without repeating it", async () => {
  const opening = openSoftStateInRedis({ url: "http://user:hidden-word@localhost" });
  await expect(opening).rejects.toMatchObject({
    code: "config_invalid",
    message: expect.not.stringContaining("hidden"),
  });
});

function count(soft: SoftState): Promise<readonly [number]> {
  return soft.apply([{ kind: "increment", key: "n", by: 1, ttlMs: 60_000 }]);
}

async function open(options: InRedisOptions): Promise<SoftState> {
  const soft = await openSoftStateInRedis(options);
  onTestFinished(() => soft.close());
  return soft;
}

async function start(options: RedisServerOptions = {}): Promise<RedisServer> {
  const server = await startRedisServer(options);
  onTestFinished(() => server.close());
  return server;
}
