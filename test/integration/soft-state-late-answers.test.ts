import { setImmediate } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openSoftStateInRedis } from "#infra/runtime/soft-state/in-redis.ts";
import {
  type GatewayProcess,
  keysYaml,
  makeFileKey,
  patiently,
  picture,
  startGateway,
} from "#test/support/gateway-process.ts";
import { type PatientBackend, startPatientBackend } from "#test/support/patient-backend.ts";
import { type RedisServer, startRedisServer } from "#test/support/redis-server.ts";

const key = makeFileKey({ concurrency: 3 });
const rich = makeFileKey({ tenant: "rich" });
const lonely = makeFileKey({ concurrency: 1 });
const keys = keysYaml([key, rich, lonely], { rich: { monthly: { images: 12 } } });

let redis: RedisServer;
let backend: PatientBackend;
let gateway: GatewayProcess;
beforeAll(async () => {
  redis = await startRedisServer();
  backend = await startPatientBackend();
  gateway = await open();
});
afterAll(async () => {
  for (const part of [gateway, backend, redis]) await part?.[Symbol.asyncDispose]();
});

/** No request lives longer than two seconds. */
function open(): Promise<GatewayProcess> {
  const config = { limits: { requestTimeout: "2s" } };
  return startGateway({ backend: backend.url, config, keys, env: { REDIS_URL: redis.url } });
}

let pictures = 0;
const see = async (who = key) =>
  gateway.ask("/v1/models/digits-s/detect", { key: who.text, body: await picture(++pictures) });

/** Waits until a pause of the server is over. */
async function pauseFor(ms: number): Promise<{ readonly over: () => Promise<void> }> {
  const client = new Redis(redis.port, "127.0.0.1", { enableReadyCheck: false });
  await client.call("CLIENT", "PAUSE", `${ms}`, "ALL");
  return { over: async () => void (await client.ping().finally(() => client.disconnect())) };
}

test("an answer of Redis that is here when a busy process looks is not too late", async () => {
  await using state = await openSoftStateInRedis({ url: redis.url });
  await state.ping();
  const read = state.apply([{ kind: "set", tag: "t", key: "k", value: "v", ttlMs: 60_000 }]);
  // The question has left after this turn.
  await setImmediate();
  for (const until = performance.now() + 150; performance.now() < until; ) {
    // Nobody reads the answer meanwhile, which has been here since the first millisecond.
  }
  await expect(read).resolves.toBeDefined();
});

test("requests that Redis counted too late keep no places of their key", async () => {
  expect((await see()).status).toBe(200);
  const { over } = await pauseFor(800);
  // One after the other, so that none of them ever takes a place beside another.
  for (let n = 0; n < 6; n += 1) await see();
  await over();
  const client = new Redis(redis.port, "127.0.0.1");
  const taken = async (): Promise<number> => {
    const names = await client.keys(`tw:{default}:c:k:${key.id}`);
    return names[0] === undefined ? 0 : await client.zcard(names[0]);
  };
  await expect
    .poll(taken, { timeout: 5_000 })
    .toBe(0)
    .finally(() => client.disconnect());
  await expect.poll(async () => (await see()).status, { timeout: 5_000 }).toBe(200);
});

test("requests that Redis counted too late cost their tenant's month no more than was answered", async () => {
  expect((await see(rich)).status).toBe(200);
  const { over } = await pauseFor(800);
  const statuses: number[] = [];
  for (let n = 0; n < 6; n += 1) statuses.push((await see(rich)).status);
  await over();
  expect(statuses).toEqual([200, 200, 200, 200, 200, 200]);
  const left = async (): Promise<number> => {
    const client = new Redis(redis.port, "127.0.0.1");
    const [name = ""] = await client.keys("tw:{rich}:b:*:images");
    return Number(await client.get(name).finally(() => client.disconnect()));
  };
  // One before and six meanwhile: what was counted here and late, by Redis too, is not paid twice.
  await expect.poll(async () => (await see(rich)).status, { timeout: 5_000 }).toBe(200);
  expect(await left()).toBeLessThanOrEqual(8);
});

test("a gateway that is killed keeps its callers' places for no longer than a request may live", async () => {
  const other = await open();
  backend.hold();
  const body = await picture(++pictures);
  const lost = other.ask("/v1/models/digits-s/detect", { key: lonely.text, body }).catch(() => "lost");
  await expect.poll(backend.waiting, patiently).toBe(1);
  await other[Symbol.asyncDispose]();
  expect(await lost).toBe("lost");
  backend.release();
  expect((await see(lonely)).json.code).toBe("concurrency_limited");
  await expect.poll(async () => (await see(lonely)).status, { timeout: 15_000, interval: 250 }).toBe(200);
});
