import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { measureFleet } from "#gateway/devices/measure-fleet.ts";
import { readAudit } from "#gateway/records/audit.ts";
import { publishConfiguration } from "#gateway/records/configurations.ts";
import { deviceListAnswer, deviceSumAnswer, rolloutAnswer } from "#gateway/routes/admin/device-schemas.ts";
import { rollOut } from "#infra/command/models/roll-out.ts";
import { readRolloutAsk } from "#infra/command/models/rollout-ask.ts";
import { readDevicesAsk } from "#infra/command/operate/devices-ask.ts";
import type { Operator } from "#infra/command/operate/operator.ts";
import { tellDevices } from "#infra/command/operate/tell-devices.ts";
import { openBlobs } from "#infra/runtime/blobs/open-blobs.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { createMetrics } from "#infra/runtime/metrics.ts";
import { openDatabase } from "#infra/runtime/postgres/database.ts";
import { type AdminDoor, openAdminDoor } from "#test/support/admin-door.ts";
import { deviceId, model } from "#test/support/edge-rollouts.ts";
import { openRingedFleet, pollMs, type RingedFleet } from "#test/support/ringed-fleet.ts";
import { runTradewind } from "#test/support/run-tradewind.ts";
import { foundRepository, publishOne } from "#test/support/signed-repository.ts";

let door: AdminDoor;
let fleet: RingedFleet;
beforeAll(async () => {
  door = await openAdminDoor();
});
afterAll(() => door?.[Symbol.asyncDispose]());
beforeEach(async () => {
  const label = (number: number) => (number < 2 ? "canary" : undefined);
  fleet = await openRingedFleet(door.database, { count: 6, label });
});

function terminal() {
  const said: string[] = [];
  const operator: Operator = {
    ...{ clock: fleet.clock, chance: systemChance, env: { DATABASE_URL: door.url } },
    ...{ actor: { id: "cli:ann" }, signal: new AbortController().signal },
    tell: (line) => void said.push(line),
  };
  return { operator, text: () => said.join("\n") };
}

async function show(...flags: string[]): Promise<string> {
  const { operator, text } = terminal();
  expect(await tellDevices(readDevicesAsk(flags), operator)).toBe(0);
  return text();
}

async function roll(line: string): Promise<string> {
  const { operator, text } = terminal();
  await rollOut(readRolloutAsk(line.split(" ")), operator);
  return text();
}

test("a rollout by command reaches its ring, and status shows what is desired, what is reported and how the ring does", async () => {
  const line = `start ${model} 2 --rings label=canary,100% --least 2 --soak 1h`;
  expect(await roll(line)).toMatch(
    /^rollout er_[0-9a-z]{26} of digits-n release 2 over label canary, 100%: running$/m,
  );
  await fleet.round();
  await fleet.round();
  await fleet.round();
  const text = await show();
  expect(text).toMatch(/^digits-n +6 +6 /m);
  expect(text).toMatch(/^digits-n +1 +4 +4$/m);
  expect(text).toMatch(/^digits-n +2 +2 +2$/m);
  expect(text).toMatch(
    /ring 1 of 2 \(label canary\): soaks until .*; 2 devices, 2 live: 2 in sync, 0 failed/,
  );
  expect(text).toMatch(new RegExp(`^${deviceId(0)} +canary +digits-n +2 +rollout +2 +in sync`, "m"));
  const json = JSON.parse(await show("--json", "--label", "canary"));
  expect(json).toMatchObject({
    models: [
      { model, devices: 2, states: { in_sync: 2 }, releases: [{ release: 2, desired: 2, reported: 2 }] },
    ],
    rollouts: [
      { model, release: 2, state: "running", ring: 1, rings: [{ ring: "label canary", succeeded: 2 }, {}] },
    ],
    devices: [{ device: deviceId(0), liveness: "fresh" }, { device: deviceId(1) }],
  });
  expect(JSON.parse(await show("--json", "--model", "plates"))).toEqual({
    models: [],
    rollouts: [],
    devices: [],
  });
});

test("status says why a rollout stopped, who failed by which cause, and who is set aside", async () => {
  await roll(`start ${model} 2 --rings label=canary,100%`);
  await fleet.round();
  await fleet.round((device) => (device === deviceId(0) ? "fails" : "takes"));
  await door.database.query(
    "UPDATE devices SET set_aside_at = now(), set_aside_why = 'there is a copy of it' WHERE id = $1",
    [deviceId(5)],
  );
  const text = await show();
  expect(text).toMatch(/^rollout er_\w+ of digits-n release 2 by cli:ann at \S+: stopped since/m);
  expect(text).toMatch(/ring 1 of 2 \(label canary\): more than 5% failed.*\(1 self_test_failed\)/);
  expect(text).toContain("digits-n release 2: self_test_failed on 1 device");
  expect(text).toMatch(new RegExp(`^${deviceId(5)} is set aside since \\S+: there is a copy of it$`, "m"));
  const failed = await show("--failed");
  expect(failed).toContain(deviceId(0));
  expect(failed).not.toContain(deviceId(1));
});

test("a device that falls silent is stale by its second missed poll, offline by its fifth, and in no good state meanwhile", async () => {
  await fleet.round();
  const states = async () => JSON.parse(await show("--json")).models[0].states;
  expect(await states()).toMatchObject({ in_sync: 6, stale: 0, offline: 0 });
  const heard = fleet.devices.slice(1);
  await fleet.round(() => "takes", heard);
  expect(await states()).toMatchObject({ in_sync: 5, stale: 1, offline: 0 });
  for (let round = 0; round < 3; round += 1) await fleet.round(() => "takes", heard);
  expect(await states()).toMatchObject({ in_sync: 5, stale: 0, offline: 1 });
  await fleet.round();
  expect(await states()).toMatchObject({ in_sync: 6, stale: 0, offline: 0 });
});

test("rollouts are paused, resumed, stopped and pinned around by command, each with its entry in the audit", async () => {
  const [before] = await readAudit(door.database.query, { most: 1 });
  await roll(`start ${model} 2`);
  expect(await roll(`pause ${model}`)).toContain(": paused");
  expect(await roll(`resume ${model}`)).toContain(": running");
  expect(await roll(`pin ${deviceId(1)} ${model} 1`)).toBe(`${deviceId(1)} stays at release 1 of digits-n`);
  expect(await roll(`unpin ${deviceId(1)} ${model}`)).toContain("goes along with rollouts");
  expect(await roll(`unpin ${deviceId(1)} ${model}`)).toContain("has no pin");
  expect(await roll(`stop ${model}`)).toContain(": stopped");
  await expect(roll(`rollback ${model}`)).rejects.toMatchObject({ code: "parameter_invalid" });
  const since = (await readAudit(door.database.query, { most: 50 })).filter(
    ({ id }) => id > (before?.id ?? 0),
  );
  expect(since.map(({ action, actor }) => `${actor} ${action}`).reverse()).toEqual([
    ...["start", "pause", "resume"].map((what) => `cli:ann device-rollout.${what}`),
    ...["cli:ann device.pin", "cli:ann device.unpin", "cli:ann device-rollout.stop"],
  ]);
});

const served = `models: { digits-n: { source: x } }
providers: { a: { kind: static, urls: ["http://a"] } }
routes: [{ models: [digits-n], failover: [[a]] }]`;

test("a rollout by command is held against the repository that is named or published, and one that was a mistake is forgotten", async () => {
  const folder = await mkdtemp(join(tmpdir(), "rollout-"));
  try {
    await using store = await openBlobs(folder);
    const found = await foundRepository(store);
    await publishOne(found, "1.0.0");
    await publishOne(found, "2.0.0");
    expect(await roll(`start ${model} 9`)).toContain("nobody looked whether there is such a release");
    expect(await roll(`forget ${model}`)).toMatch(/release 9 is forgotten$/);
    const refused = (line: string, code: string) => expect(roll(line)).rejects.toMatchObject({ code });
    await refused(`start ${model} 9 --store ${folder}`, "version_unknown");
    await refused(`start digts-n 2 --store ${folder}`, "model_unknown");
    await refused(`start ${model} 2 --store ${join(folder, "none")}`, "folder_unusable");
    const actor = { id: "cli:ann" };
    const publish = (repository: string) => {
      const edge = `edge: { repository: ${repository}, onlineKey: ./online.pem }`;
      return publishConfiguration(door.database, {
        text: `${served}\n${edge}`,
        source: "file",
        actor,
      });
    };
    await publish(join(folder, "elsewhere"));
    expect(await roll(`start ${model} 9`)).toMatch(/nobody looked.*--store URL/);
    await roll(`forget ${model}`);
    await publish(folder);
    await refused(`start ${model} 9`, "version_unknown");
    await refused("start digts-n 2", "model_unknown");
    expect(await roll(`start ${model} 2`)).toMatch(/: running\neach ring waits .* or a day/);
    expect(JSON.parse(await show("--json")).rollouts).toMatchObject([{ model, release: 2 }]);
    const token = (await runTradewind(["devices", "enrol"], { DATABASE_URL: door.url })).stdout.trim();
    expect(token).toMatch(/^enr_[0-9a-f]{12}\.[\w-]{32}\.[\w-]{43}$/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);

test("operators start, see and turn rollouts over HTTP, and nobody else does", async () => {
  const call = door.as("default");
  const body = { model, release: 2, rings: [{ devices: "canary" }, { share: 1 }], least: 1, soak: "0" };
  const started = await call("POST", "/device-rollouts", body);
  expect(started.status).toBe(201);
  expect(rolloutAnswer.parse(started.body)).toMatchObject({
    state: "running",
    ring: 1,
    gate: { soak_ms: 0 },
  });
  expect((await call("POST", "/device-rollouts", body)).body).toMatchObject({ code: "record_exists" });
  const paused = await call("POST", `/device-rollouts/${model}/pause`);
  expect(rolloutAnswer.parse(paused.body)).toMatchObject({
    state: "paused",
    why: "paused by admin-of-default",
  });
  expect((await call("POST", `/device-rollouts/${model}/pause`)).status).toBe(422);
  expect((await call("POST", `/device-rollouts/${model}/explode`)).status).toBe(422);
  expect((await call("POST", "/device-rollouts/plates/stop")).status).toBe(404);
  const latest = (await call("GET", "/device-rollouts")).body?.rollouts as object[];
  const all = (await call("GET", `/device-rollouts?all=true&model=${model}`)).body?.rollouts as object[];
  expect([latest.length, all.length]).toEqual([1, 2]);
  const stranger = door.as("shop");
  for (const [method, path] of [
    ...([
      ["GET", "/devices"],
      ["GET", "/device-models"],
      ["GET", "/device-rollouts"],
    ] as const),
    ...([
      ["POST", "/device-rollouts"],
      ["POST", `/device-rollouts/${model}/stop`],
    ] as const),
    ...([
      ["PUT", `/devices/${deviceId(1)}/pins/${model}`],
      ["DELETE", `/devices/${deviceId(1)}/pins/${model}`],
    ] as const),
  ])
    expect((await stranger(method, path, method === "GET" ? undefined : {})).status).toBe(403);
});

test("devices are listed page by page over HTTP, pinned, and summed by model", async () => {
  const call = door.as("default");
  await fleet.round();
  const first = deviceListAnswer.parse((await call("GET", "/devices?limit=4")).body);
  expect(first.devices.map(({ device }) => device)).toEqual([0, 1, 2, 3].map(deviceId));
  const rest = deviceListAnswer.parse(
    (await call("GET", `/devices?limit=4&cursor=${first.next_cursor}`)).body,
  );
  expect([rest.devices.length, rest.next_cursor]).toEqual([2, null]);
  expect(first.devices[0]).toMatchObject({
    label: "canary",
    models: [{ model, desired: 1, reported: 1 }],
  });
  const pin = `/devices/${deviceId(1)}/pins/${model}`;
  expect((await call("PUT", pin, { release: 1 })).status).toBe(204);
  expect((await call("DELETE", pin)).status).toBe(204);
  expect((await call("DELETE", pin)).status).toBe(404);
  expect((await call("PUT", `/devices/${deviceId(77)}/pins/${model}`, { release: 1 })).status).toBe(404);
  expect((await call("PUT", pin, { release: "one" })).status).toBe(422);
  const sums = deviceSumAnswer.parse((await call("GET", "/device-models")).body);
  expect(sums.models).toMatchObject([{ model, devices: 6, releases: [{ release: 1, desired: 6 }] }]);
});

test("metrics count devices by state and rollouts by theirs, and keep the last counts while the database is away", async () => {
  await fleet.round();
  await fleet.start(2);
  const metrics = createMetrics({ processMetrics: false });
  const database = await openDatabase({ url: door.url, connections: 1 });
  measureFleet(metrics, { database, clock: fleet.clock });
  const text = await metrics.metrics();
  expect(text).toContain('tradewind_devices{model="digits-n",state="in_sync"} 6');
  expect(text).toContain('tradewind_device_rollouts{state="running"} 1');
  await database.close();
  fleet.clock.advance(pollMs);
  expect(await metrics.metrics()).toContain('tradewind_devices{model="digits-n",state="in_sync"} 6');
});

test("the words reach the command, and wrong ones end it with 2", async () => {
  const env = { DATABASE_URL: door.url };
  const good = await runTradewind(["status", "devices", "--json"], env);
  expect([good.code, JSON.parse(good.stdout).models.length]).toEqual([0, 1]);
  const wrong = await runTradewind(["status", "devices", "--all"], env);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("tradewind status devices: ")]);
  const none = await runTradewind(["status", "devices"]);
  expect([none.code, none.stderr]).toEqual([1, expect.stringContaining("DATABASE_URL is not set")]);
});
