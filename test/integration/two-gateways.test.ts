import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type GatewayProcess, picture, startGateway } from "#test/support/gateway-process.ts";
import { type LiveRecords, openLiveRecords } from "#test/support/live-records.ts";
import { type PatientBackend, startPatientBackend } from "#test/support/patient-backend.ts";
import { type RedisServer, startRedisServer } from "#test/support/redis-server.ts";

let records: LiveRecords;
let redis: RedisServer;
let backend: PatientBackend;
let gateways: GatewayProcess[];
beforeAll(async () => {
  [records, redis, backend] = await Promise.all([
    openLiveRecords(),
    startRedisServer(),
    startPatientBackend(),
  ]);
  const providers = { there: { kind: "static", urls: [backend.url], usdPerRequest: 0.01 } };
  const env = { DATABASE_URL: records.url, REDIS_URL: redis.url };
  // Counted by Redis or not let in: where a gateway counts alone, it cannot know what the other lets in meanwhile.
  const routes = [{ models: ["digits-s"], failover: [["there"]], whenRedisIsAway: "closed" }];
  const open = () => startGateway({ backend: backend.url, config: { providers, routes }, env });
  gateways = await Promise.all([open(), open()]);
});
afterAll(async () => {
  for (const part of [...(gateways ?? []), backend, redis, records]) await part?.[Symbol.asyncDispose]();
});

const statusAt = async (gateway: GatewayProcess, key: string): Promise<number> =>
  (await gateway.ask("/v1/models", { key })).status;

/** How long it takes until every gateway answers the key so. */
async function timeUntilAll(key: string, status: number): Promise<number> {
  const began = performance.now();
  const everywhere = async () => await Promise.all(gateways.map((gateway) => statusAt(gateway, key)));
  await expect.poll(everywhere, { interval: 10, timeout: 10_000 }).toEqual(gateways.map(() => status));
  return performance.now() - began;
}

test("a key that is revoked is refused by two gateways within a second", async () => {
  for (let n = 0; n < 3; n += 1) {
    const key = await records.key();
    await timeUntilAll(key.text, 200);
    await records.revoke(key.id);
    expect(await timeUntilAll(key.text, 401)).toBeLessThan(1_000);
  }
});

let pictures = 0;

/** Sends as many at once as are wanted, half to each gateway; returns how many were let in. */
async function flood(key: string, requests: number): Promise<number> {
  const images = await Promise.all(Array.from({ length: requests }, () => picture(++pictures)));
  const replies = await Promise.all(images.map((body, place) => see(key, body, place)));
  // On a busy machine Redis may be late for some, and this route says so.
  const usual = ["200", "402 budget_exhausted", "503 limits_unavailable"];
  expect(replies.filter((how) => !usual.includes(how))).toEqual([]);
  return replies.filter((how) => how === "200").length;
}

async function see(key: string, body: Buffer, place: number): Promise<string> {
  const gateway = gateways[place % gateways.length] as GatewayProcess;
  const { status, json } = await gateway.ask("/v1/models/digits-s/detect", { key, body });
  return status === 200 ? "200" : `${status} ${String(json.code)}`;
}

/** Sends one after the other until the month is used up: as many as are let in. */
async function drain(key: string): Promise<number> {
  let letIn = 0;
  for (let n = 0; n < 200; n += 1) {
    const how = await see(key, await picture(++pictures), n);
    if (how.startsWith("402")) return letIn;
    if (how === "200") letIn += 1;
  }
  throw new Error(`${letIn} were let in, and there is no end of it`);
}

test("two hundred requests at once over two gateways never spend more than the month's money", async () => {
  await records.tenant("thrifty", { monthly: { usd: 0.37 } });
  const { text } = await records.key({ tenant: "thrifty" });
  await timeUntilAll(text, 200);
  backend.forget();
  const letIn = (await flood(text, 200)) + (await drain(text));
  expect(letIn).toBeLessThanOrEqual(37);
  // What Redis counted too late to be answered is lost to its tenant, and that is never much.
  expect(letIn).toBeGreaterThan(15);
  expect(backend.images).toHaveLength(letIn);
  const { json } = await (gateways[0] as GatewayProcess).ask("/v1/usage", { key: text });
  expect(json.limits).toEqual({ usd: 0.37 });
});

test("a Redis that forgets everything gives nobody the month's money anew", async () => {
  await records.tenant("forgotten", { monthly: { usd: 0.3 } });
  const { text } = await records.key({ tenant: "forgotten" });
  await timeUntilAll(text, 200);
  let spent = 0;
  while (spent < 20) spent += await flood(text, 20 - spent);
  // What is known to the records, each gateway learns within some seconds; only what is younger could be spent again.
  const known = async () => {
    const sums = await records.rows("SELECT nano_usd::text FROM usage_months WHERE tenant = 'forgotten'");
    return sums.map(({ nano_usd }) => nano_usd);
  };
  await expect.poll(known, { timeout: 10_000 }).toEqual([String(0.2 * 1e9)]);
  await learned();
  await flushAll();
  expect((await flood(text, 60)) + (await drain(text))).toBeLessThanOrEqual(10);
  await flushAll();
  // Now a gateway may lack what the other counted in the last seconds, and no more than that.
  expect((await flood(text, 60)) + (await drain(text))).toBeLessThanOrEqual(10);
});

/** A gateway reads the month's sums again every three seconds: after four readings from now on, both have. */
async function learned(): Promise<void> {
  const seen = new Set<unknown>();
  const sql = `SELECT pid || ' ' || query_start AS which FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND ltrim(query, E' \\n') LIKE 'SELECT%FROM usage_months%'`;
  const readings = async (): Promise<number> => {
    for (const { which } of await records.rows(sql)) seen.add(which);
    return seen.size;
  };
  const began = await readings();
  await expect.poll(readings, { timeout: 20_000, interval: 20 }).toBeGreaterThanOrEqual(began + 4);
}

async function flushAll(): Promise<void> {
  const client = new Redis(redis.port, "127.0.0.1");
  await client.flushall();
  client.disconnect();
}

test("a flush within the traffic spends at most what the last seconds had not yet written", async () => {
  await records.tenant("midway", { monthly: { usd: 1 } });
  const { text } = await records.key({ tenant: "midway" });
  await timeUntilAll(text, 200);
  const before = await flood(text, 60);
  await learned();
  const flushing = flushAll();
  const first = await flood(text, 100);
  await flushing;
  const second = await flood(text, 100);
  // What was written long before stays spent; of the rest some could be let in on both sides of the flush.
  expect(first + second).toBeGreaterThan(0);
  expect(first + second).toBeLessThanOrEqual(2 * (100 - before));
});

test("a budget is not overspent where a route counts alone while Redis is away, as long as Redis is there", async () => {
  const providers = { there: { kind: "static", urls: [backend.url], usdPerRequest: 0.01 } };
  const env = { DATABASE_URL: records.url, REDIS_URL: redis.url };
  const open = () => startGateway({ backend: backend.url, config: { providers }, env });
  await records.tenant("usual", { monthly: { usd: 0.37 } });
  const { text: key } = await records.key({ tenant: "usual" });
  await using one = await open();
  await using other = await open();
  const images = await Promise.all(Array.from({ length: 200 }, () => picture(++pictures)));
  const replies = await Promise.all(
    images.map((body, place) =>
      (place % 2 === 0 ? one : other).ask("/v1/models/digits-s/detect", { key, body }),
    ),
  );
  const letIn = replies.filter(({ status }) => status === 200).length;
  expect(letIn).toBeGreaterThan(0);
  expect(letIn).toBeLessThanOrEqual(37);
});
