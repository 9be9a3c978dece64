import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { systemClock } from "#infra/runtime/clock.ts";
import { type InRedisOptions, openSoftStateInRedis } from "#infra/runtime/soft-state/in-redis.ts";
import type { SoftState } from "#infra/runtime/soft-state/soft-state.ts";
import { createSteadySoftState } from "#infra/runtime/soft-state/steady.ts";
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

test("writes no key at all for an admission that is refused", async () => {
  const server = await start();
  const soft = await open({ url: server.url, timeoutMs: 1_000 });
  const redis = connectTo(server.url);
  const everything = {
    kind: "admit",
    tag: "t",
    rates: [{ key: "rate", most: 1, periodMs: 1_000, burst: 1, cost: 1 }],
    places: [{ key: "places", member: "m", most: 1, ttlMs: 60_000 }],
    budgets: [{ key: "budget", most: 1, seed: 0, cost: 1, costEach: 1, ttlMs: 60_000 }],
    receipt: { key: "receipt", ttlMs: 60_000 },
    lookups: [{ key: "value", claim: { key: "claim", token: "me", ttlMs: 60_000 } }],
  } as const;
  const [{ refusal }] = await soft.apply([everything]);
  expect(refusal?.by).toBe("budgets");
  expect(await redis.keys("*")).toEqual([]);
});

test("gives every key of an admission an end", async () => {
  const server = await start();
  const soft = await open({ url: server.url, timeoutMs: 1_000 });
  const redis = connectTo(server.url);
  await soft.apply([
    {
      kind: "admit",
      tag: "t",
      rates: [{ key: "rate", most: 1, periodMs: 10_000, burst: 1, cost: 1 }],
      places: [{ key: "places", member: "m", most: 1, ttlMs: 60_000 }],
      budgets: [{ key: "budget", most: 9, seed: 0, cost: 1, costEach: 1, ttlMs: 60_000 }],
      receipt: { key: "receipt", ttlMs: 60_000 },
      lookups: [{ key: "value", claim: { key: "claim", token: "me", ttlMs: 60_000 } }],
    },
  ]);
  const keys = await redis.keys("*");
  expect(keys.sort()).toEqual(
    ["budget", "claim", "places", "rate", "receipt"].map((name) => `tw:{t}:${name}`),
  );
  for (const key of keys) expect(await redis.pttl(key)).toBeGreaterThan(0);
});

test("sends to a server that forgot its script only what it could not do, and each thing once", async () => {
  const soft = await open({ url: shared.url, keyPrefix: "script:", timeoutMs: 1_000 });
  const redis = connectTo(shared.url);
  const admit = {
    kind: "admit",
    tag: "t",
    rates: [],
    budgets: [{ key: "budget", most: 9, seed: 0, cost: 1, costEach: 0, ttlMs: 60_000 }],
    lookups: [],
  } as const;
  const step = { kind: "increment", key: "n", by: 1, ttlMs: 60_000 } as const;
  for (const times of [1, 2, 3]) {
    await redis.script("FLUSH");
    const [before, first, between, second, after] = await soft.apply([step, admit, step, admit, step]);
    expect([before, between, after]).toEqual([times * 3 - 2, times * 3 - 1, times * 3]);
    expect([first.spent, second.spent]).toEqual([[times * 2 - 1], [times * 2]]);
  }
});

test("refuses at once behind a breaker while the server is silent, and is let in again when it speaks", async () => {
  const server = await start();
  const soft = createSteadySoftState(await open({ url: server.url }), { clock: systemClock, openMs: 200 });
  await count(soft);
  server.pause();
  await vi.waitFor(
    async () => {
      await expect(count(soft)).rejects.toMatchObject(unavailable);
      expect(soft.mode()).toBe("open");
    },
    { timeout: 5_000, interval: 1 },
  );
  const startedAt = performance.now();
  for (let call = 0; call < 100; call += 1) await expect(count(soft)).rejects.toMatchObject(unavailable);
  // A hundred calls cost less than one timeout, so that each cost far less than 5 ms, whatever else runs here.
  expect((performance.now() - startedAt) / 100).toBeLessThan(5);
  server.resume();
  await vi.waitFor(() => count(soft), { timeout: 5_000 });
  expect(soft.mode()).toBe("closed");
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

test("counts a call that was given up as in hand until its connection ends, so that a silent server fills no memory", async () => {
  const server = await start();
  const soft = await open({ url: server.url, maxCalls: 3, timeoutMs: 20 });
  await soft.ping();
  server.pause();
  for (let call = 0; call < 3; call += 1) await expect(count(soft)).rejects.toMatchObject(unavailable);
  await expect(count(soft)).rejects.toMatchObject({
    ...unavailable,
    cause: expect.objectContaining({ message: "3 calls are in hand already" }),
  });
  server.resume();
  await vi.waitFor(() => count(soft), { timeout: 5_000 });
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

function connectTo(url: string): Redis {
  const redis = new Redis(url);
  onTestFinished(() => redis.disconnect());
  return redis;
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
