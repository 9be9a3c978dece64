import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { revokeDevice } from "#gateway/records/devices.ts";
import { createEnrolment } from "#gateway/records/enrolments.ts";
import { makeKey } from "#gateway/repository/signing-key.ts";
import { systemChance as chance } from "#infra/runtime/chance.ts";
import { type Database, openDatabase } from "#infra/runtime/postgres/database.ts";
import { type GatewayProcess, startGateway } from "#test/support/gateway-process.ts";
import { type LiveRecords, openLiveRecords } from "#test/support/live-records.ts";
import { type PatientBackend, startPatientBackend } from "#test/support/patient-backend.ts";
import { type DeviceCall, ProvingDevice } from "#test/support/proving-device.ts";
import { type RedisServer, startRedisServer } from "#test/support/redis-server.ts";

const actor = { id: "test" };
const stack = new AsyncDisposableStack();
let records: LiveRecords;
let redis: RedisServer;
let backend: PatientBackend;
let database: Database;
/** The second one is two processes on one port. */
let gateways: readonly GatewayProcess[];
beforeAll(async () => {
  const repository = await mkdtemp(join(tmpdir(), "edge-repository-"));
  stack.defer(() => rm(repository, { recursive: true, force: true }));
  [records, redis, backend] = await Promise.all([
    openLiveRecords(),
    startRedisServer(),
    startPatientBackend(),
  ]);
  for (const part of [records, redis, backend]) stack.use(part);
  database = stack.use(await openDatabase({ url: records.url }));
  const key = String(makeKey().privateKey.export({ format: "pem", type: "pkcs8" }));
  const env = { DATABASE_URL: records.url, REDIS_URL: redis.url, EDGE_ONLINE_KEY: key };
  const edge = { repository, onlineKey: "env:EDGE_ONLINE_KEY", poll: "2s" };
  const open = (more: object) => startGateway({ backend: backend.url, config: { edge, ...more }, env });
  gateways = await Promise.all([open({}), open({ workers: 2 })]);
  for (const gateway of gateways) stack.use(gateway);
}, 60_000);
afterAll(() => stack.disposeAsync());

const plan: DeviceCall = { path: "/edge/v1/plan?nonce=0123456789abcdef" };

/** A device that goes from gateway to gateway. */
async function enrolled(): Promise<ProvingDevice> {
  let turn = 0;
  const device = new ProvingDevice((path, init) => {
    turn += 1;
    return fetch(`${gateways[turn % gateways.length]?.url}${path}`, init);
  });
  const terms = { models: [], label: "here" };
  const { text } = await createEnrolment(database, { actor, terms, forMs: 60_000, chance });
  expect(await device.enrol(text)).toMatchObject({ status: 201 });
  return device;
}

/** How long it takes until all of its calls, several in a row, are refused. */
async function timeUntilRefused(device: ProvingDevice): Promise<number> {
  const began = performance.now();
  await revokeDevice(database, { actor, id: String(device.device) });
  const all = async () => [await device.call(plan), await device.call(plan), await device.call(plan)];
  await expect
    .poll(async () => (await all()).map(({ status }) => status), { interval: 10, timeout: 20_000 })
    .toEqual([403, 403, 403]);
  return performance.now() - began;
}

test("one device is known at every gateway and worker, and a proof is used up at all of them", async () => {
  const device = await enrolled();
  for (let n = 0; n < 12; n += 1) {
    const call = await device.sign(plan);
    expect((await device.repeat(call)).status).toBe(200);
    expect(await device.repeat(call)).toMatchObject({ status: 401, body: { code: "proof_refused" } });
  }
  expect((await device.call(plan)).headers.get("tradewind-edge")).toBe("1");
});

test("an answer under /edge/v1 says that it is one, whatever it is", async () => {
  for (const path of ["/edge/v1/time", "/edge/v1/nothing", "/edge/v1/plan", "/edge/v1/repository/x"]) {
    const answer = await fetch(`${gateways[0]?.url}${path}`, { headers: { origin: "https://a.example" } });
    expect(answer.headers.get("tradewind-edge"), path).toBe("1");
    expect(answer.headers.get("access-control-allow-origin"), path).toBeNull();
  }
  const time = await fetch(`${gateways[1]?.url}/edge/v1/time`);
  expect(Math.abs(Number(((await time.json()) as { now: number }).now) - Date.now())).toBeLessThan(10_000);
});

test("a nonce of one gateway is good at the others", async () => {
  const device = await enrolled();
  for (let n = 0; n < 4; n += 1) expect((await device.callTwice(plan, { nowMs: 0 })).status).toBe(200);
});

test("an API key opens no door of devices", async () => {
  const { text } = await records.key({ scopes: ["admin", "infer"] });
  const reply = await (gateways[0] as GatewayProcess).ask("/edge/v1/plan?nonce=0123456789abcdef", {
    key: text,
  });
  expect(reply).toMatchObject({ status: 401, json: { code: "proof_refused" } });
});

test("a revoked device is refused everywhere within five seconds, with Redis up and with Redis gone", async () => {
  const [one, other] = [await enrolled(), await enrolled()];
  expect(await timeUntilRefused(one)).toBeLessThan(5_000);
  const call = await other.sign(plan);
  expect((await other.repeat(call)).status).toBe(200);
  await redis.kill();
  expect((await other.call(plan)).status).toBe(200);
  for (let n = 0; n < 6; n += 1)
    expect(await other.repeat(call)).toMatchObject({ status: 401, body: { code: "proof_refused" } });
  const late = await enrolled();
  expect((await late.call(plan)).status).toBe(200);
  expect(await timeUntilRefused(other)).toBeLessThan(5_000);
  expect((await late.call(plan)).status).toBe(200);
});
