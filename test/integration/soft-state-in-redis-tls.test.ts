import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { openSoftStateInRedis } from "#infra/runtime/soft-state/in-redis.ts";
import { type RedisServer, startRedisServer } from "#test/support/redis-server.ts";
import { runSoftStateContract } from "#test/support/soft-state-contract.ts";

let shared: RedisServer;
let opened = 0;

beforeAll(async () => {
  shared = await startRedisServer({ tls: true });
});

afterAll(() => shared.close());

runSoftStateContract({
  name: "soft state in Redis over TLS",
  create: async () => {
    opened += 1;
    const options = { url: shared.url, keyPrefix: `test ${opened}:`, timeoutMs: 1_000 };
    return { soft: await openSoftStateInRedis(options), pass: async (ms) => void (await sleep(ms + 5)) };
  },
});

test("trusts no server whose certificate nobody vouches for", async () => {
  const soft = await openSoftStateInRedis({ url: shared.url.replace(/\?.*/, "") });
  onTestFinished(() => soft.close());
  await expect(soft.ping()).rejects.toMatchObject({ code: "soft_state_unavailable" });
});

test("names the file of certificates that it cannot read", async () => {
  const opening = openSoftStateInRedis({ url: `${shared.url}-not-there` });
  await expect(opening).rejects.toMatchObject({
    code: "config_invalid",
    message: expect.stringContaining("certificate.pem-not-there"),
  });
});
