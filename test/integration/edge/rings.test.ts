import { afterAll, beforeAll, expect, test } from "vitest";
import { cohortOf, ringOf } from "#gateway/devices/rings/cohort.ts";
import { usualRings } from "#gateway/devices/rings/rollout.ts";
import { readAudit } from "#gateway/records/audit.ts";
import { readEdgeRollouts, turnEdgeRollout } from "#gateway/records/edge-rollouts.ts";
import { forgetEdgeRollout } from "#gateway/records/forget-rollout.ts";
import { pinDevice, unpinDevice } from "#gateway/records/pins.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { deviceId, model, releasesOf } from "#test/support/edge-rollouts.ts";
import { type MigratedPostgres, startMigratedPostgres } from "#test/support/migrated-postgres.ts";
import { openRingedFleet, type RingedFleet } from "#test/support/ringed-fleet.ts";

let records: MigratedPostgres;
let database: Database;
beforeAll(async () => {
  records = await startMigratedPostgres();
  ({ database } = records);
});
afterAll(() => records?.[Symbol.asyncDispose]());

const actor = { id: "ann" };
const on = (fleet: RingedFleet, release: number) => fleet.devices.filter((one) => one.active === release);
const audited = async (subject: string) =>
  (await readAudit(database.query, { most: 1_000 }))
    .filter((one) => one.subject === subject)
    .map(({ action }) => action)
    .reverse();

async function untilOver(fleet: RingedFleet, work: () => Promise<void>, most = 12): Promise<void> {
  for (let round = 0; round < most; round += 1) {
    await work();
    if ((await fleet.latest()).state !== "running") return;
  }
}

test("of a thousand devices with failures from the second ring on, at most fifteen in a hundred meet them before the rollout stops by itself", {
  timeout: 180_000,
}, async () => {
  const fleet = await openRingedFleet(database, { count: 1_000 });
  const { id } = await fleet.start(2, {
    rings: usualRings,
    gate: { least: 5, soakMs: 60_000 },
    id: "er_thousand",
  });
  const rollout = { id, rings: usualRings };
  const spoils = (device: string) =>
    ringOf(rollout, { id: device, label: undefined }) !== 0 && cohortOf("faults", device) < 800;
  const met = new Set<string>();
  const early = fleet.devices.filter((device) => (ringOf(rollout, device) ?? 9) <= 1);
  let round = 0;
  await untilOver(fleet, async () => {
    // Most have nothing to do and need not be heard at each poll.
    await fleet.round(
      (device) => (spoils(device) ? "fails" : "takes"),
      round % 3 === 0 ? fleet.devices : early,
    );
    round += 1;
    for (const { id: device, told } of fleet.devices) if (told?.release === 2) met.add(device);
  });
  const stopped = await fleet.latest();
  expect(stopped).toMatchObject({ state: "stopped", progress: { ring: 1 } });
  expect(stopped.why).toMatch(/^ring 2 of 4 \(10%\): more than 5% failed.*self_test_failed\)/);
  expect(met.size).toBeGreaterThan(20);
  expect(met.size).toBeLessThanOrEqual(150);
  // Those who took it go back, all others stay as they are.
  const took = on(fleet, 2);
  expect(took.length).toBeGreaterThan(5);
  await fleet.round();
  expect(took.map(({ told }) => told)).toEqual(
    took.map(() => ({ model, release: 1, why: "rollback", rollout: id })),
  );
  const back = fleet.devices.filter(({ told }) => told?.why === "rollback");
  expect(back.length).toBe(took.length);
  expect(on(fleet, 1).length).toBe(1_000);
  expect(await audited(id)).toEqual([
    "device-rollout.start",
    "device-rollout.advance",
    "device-rollout.halt",
  ]);
});

test("a good release goes through all rings to its end, by time alone where nobody has news", async () => {
  const fleet = await openRingedFleet(database, { count: 40 });
  await fleet.start(2, { rings: [{ share: 0.2 }, { share: 1 }], gate: { soakMs: 120_000, least: 3 } });
  const seen: number[] = [];
  await untilOver(fleet, async () => {
    await fleet.round();
    seen.push(on(fleet, 2).length);
  });
  expect(await fleet.latest()).toMatchObject({ state: "done", progress: { ring: 1 } });
  expect(on(fleet, 2).length).toBe(40);
  expect(seen.some((count) => count > 0 && count < 40)).toBe(true);
  await fleet.round();
  expect(fleet.devices[0]?.told).toEqual({ model, release: 2, why: "steady", rollout: "er_2" });
});

test("a paused rollout leaves no device half-installed: each runs the old or the new one, and goes on when it is resumed", async () => {
  const fleet = await openRingedFleet(database, { count: 60 });
  await fleet.start(2, { rings: [{ share: 0.5 }, { share: 1 }], gate: { soakMs: 60_000 } });
  const half = fleet.devices.filter((_, number) => number % 2 === 0);
  await fleet.round(() => "takes", half);
  await fleet.round();
  const inTheMiddle = fleet.devices.filter(({ wanted }) => wanted === 2);
  expect(inTheMiddle.length).toBeGreaterThan(3);
  await turnEdgeRollout(database, { model, turn: "pause", actor });
  await fleet.round();
  const before = fleet.devices.map(({ active }) => active);
  expect(new Set(before)).toEqual(new Set([1, 2]));
  for (let round = 0; round < 3; round += 1) await fleet.round();
  expect(fleet.devices.map(({ active }) => active)).toEqual(before);
  expect(new Set(inTheMiddle.map(({ active }) => active))).toEqual(new Set([1]));
  expect(fleet.devices.every(({ wanted, told, active }) => wanted === null && told?.release === active)).toBe(
    true,
  );
  expect(fleet.devices.filter(({ told }) => told?.why === "paused").length).toBeGreaterThanOrEqual(10);
  expect(await fleet.latest()).toMatchObject({
    state: "paused",
    why: "paused by ann",
    progress: { ring: 0 },
  });
  await turnEdgeRollout(database, { model, turn: "resume", actor });
  await untilOver(fleet, () => fleet.round());
  expect(await fleet.latest()).toMatchObject({ state: "done" });
  await fleet.round();
  expect(on(fleet, 2).length).toBe(60);
});

test("a stop by hand takes back from those who took it, and a rollback by hand even what was everywhere", async () => {
  const fleet = await openRingedFleet(database, { count: 40 });
  await fleet.start(2, { rings: [{ share: 0.5 }, { share: 1 }], gate: { soakMs: 1e9 } });
  for (let round = 0; round < 3; round += 1) await fleet.round();
  const took = on(fleet, 2).map(({ id }) => id);
  expect(took.length).toBeGreaterThan(5);
  await turnEdgeRollout(database, { model, turn: "stop", actor });
  await fleet.round();
  expect(fleet.devices.filter(({ told }) => told?.why === "rollback").map(({ id }) => id)).toEqual(took);
  expect(on(fleet, 1).length).toBe(40);
  await fleet.start(3, { gate: { least: 40 } });
  await untilOver(fleet, () => fleet.round());
  expect([on(fleet, 3).length, (await fleet.latest()).state]).toEqual([40, "done"]);
  await turnEdgeRollout(database, { model, turn: "rollback", actor });
  await fleet.round();
  expect(on(fleet, 1).length).toBe(40);
  expect(await audited("er_3")).toEqual([
    ...["device-rollout.start", "device-rollout.finish", "device-rollout.rollback"],
  ]);
});

test("a rollout of what nobody published is stopped and leaves both ways back, or is forgotten as if it had not been", async () => {
  const fleet = await openRingedFleet(database, { count: 10 });
  fleet.releases = releasesOf([1, 2]);
  const turn = (what: "stop" | "rollback" | "resume") =>
    turnEdgeRollout(database, { model, turn: what, actor });
  await fleet.start(2, { rings: [{ share: 0.5 }, { share: 1 }], gate: { soakMs: 1e9 } });
  for (let round = 0; round < 3; round += 1) await fleet.round();
  const took = on(fleet, 2).length;
  expect(took).toBeGreaterThan(0);
  await fleet.start(9);
  await fleet.round();
  await turn("stop");
  const forgotten = await forgetEdgeRollout(database, { model, actor });
  expect(forgotten).toMatchObject({ gone: { id: "er_9" }, paused: { id: "er_2", state: "paused" } });
  expect(await fleet.latest()).toMatchObject({ id: "er_2", why: expect.stringMatching(/resume goes on/) });
  await turn("resume");
  await fleet.start(9);
  await turn("stop");
  expect(await turn("rollback")).toMatchObject({ id: "er_2", state: "rolled back" });
  await fleet.round();
  expect(on(fleet, 1).length).toBe(10);
  await expect(turn("rollback")).rejects.toMatchObject({
    hint: expect.stringMatching(/go back by themselves/),
  });
  await fleet.start(1, { id: "er_1_again" });
  await untilOver(fleet, () => fleet.round());
  expect([(await fleet.latest()).state, on(fleet, 1).length]).toEqual(["done", 10]);
  await expect(fleet.start(1, { id: "er_1_thrice" })).rejects.toThrow(/everywhere already/);
});

test("a stopped rollout that reached devices is not forgotten, and a rollback beside it does not reach what was everywhere", async () => {
  const fleet = await openRingedFleet(database, { count: 10 });
  await fleet.start(2, { gate: { soakMs: 1e9 } });
  for (let round = 0; round < 3; round += 1) await fleet.round();
  await turnEdgeRollout(database, { model, turn: "stop", actor });
  await expect(forgetEdgeRollout(database, { model, actor })).rejects.toThrow(/brought release 2/);
  const rollback = turnEdgeRollout(database, { model, turn: "rollback", actor });
  await expect(rollback).rejects.toThrow(/er_2, is stopped/);
  await expect(forgetEdgeRollout(database, { model: "digts-n", actor })).rejects.toMatchObject({
    code: "record_unknown",
  });
});

test("a later rollout of the same model supersedes the one under way", async () => {
  const fleet = await openRingedFleet(database, { count: 30 });
  await fleet.start(2, { rings: [{ share: 0.5 }, { share: 1 }], gate: { soakMs: 1e9 } });
  for (let round = 0; round < 3; round += 1) await fleet.round();
  const took = on(fleet, 2).length;
  expect(took).toBeGreaterThan(3);
  await fleet.start(3, { rings: [{ share: 0.0001 }, { share: 1 }], gate: { soakMs: 180_000 } });
  const [, before] = await readEdgeRollouts(database.query);
  expect(before).toMatchObject({ id: "er_2", state: "superseded", why: "superseded by er_3" });
  await untilOver(fleet, () => fleet.round());
  expect(on(fleet, 3).length).toBe(30);
});

test("a release that is revoked stops its rollout and is planned for nobody", async () => {
  const fleet = await openRingedFleet(database, { count: 20 });
  await fleet.start(2, { rings: [{ share: 0.5 }, { share: 1 }], gate: { soakMs: 1e9 } });
  for (let round = 0; round < 2; round += 1) await fleet.round();
  expect(on(fleet, 2).length).toBeGreaterThan(2);
  fleet.releases = releasesOf([1, 2, 3], [2]);
  await fleet.round();
  expect(fleet.devices.filter(({ told }) => told?.release === 2)).toEqual([]);
  expect(await fleet.latest()).toMatchObject({ state: "stopped", why: "release 2 was revoked" });
  expect(on(fleet, 1).length).toBe(20);
});

test("a rollout of a release that was not published yet says so, waits, and goes on when it is", async () => {
  const fleet = await openRingedFleet(database, { count: 10 });
  fleet.releases = releasesOf([1]);
  await fleet.start(2);
  for (let round = 0; round < 2; round += 1) await fleet.round();
  expect(await fleet.latest()).toMatchObject({
    state: "running",
    why: "release 2 is in no signed list: publish it, and it goes on",
  });
  expect(on(fleet, 1).length).toBe(10);
  fleet.releases = releasesOf([1, 2]);
  await untilOver(fleet, () => fleet.round());
  expect([(await fleet.latest()).state, on(fleet, 2).length]).toEqual(["done", 10]);
});

test("a pinned device stays, is not counted, and comes along when the pin is taken off", async () => {
  const fleet = await openRingedFleet(database, { count: 10 });
  const [pinned] = fleet.devices;
  if (!pinned) throw new Error("the fleet is empty");
  await pinDevice(database, { device: pinned.id, model, release: 1, actor });
  await fleet.start(2, { gate: { least: 10 } });
  await untilOver(fleet, () => fleet.round());
  expect(await fleet.latest()).toMatchObject({
    state: "done",
    progress: { counts: [{ devices: 9, succeeded: 9 }] },
  });
  expect(pinned).toMatchObject({ active: 1, told: { release: 1, why: "pinned" } });
  expect(await unpinDevice(database, { device: pinned.id, model, actor })).toBe(true);
  expect(await unpinDevice(database, { device: pinned.id, model, actor })).toBe(false);
  for (let round = 0; round < 2; round += 1) await fleet.round();
  expect(pinned.active).toBe(2);
  await expect(
    pinDevice(database, { device: deviceId(999), model, release: 1, actor }),
  ).rejects.toMatchObject({
    code: "record_unknown",
  });
  expect(await audited(pinned.id)).toEqual(["device.pin", "device.unpin"]);
});

test("devices that cannot fetch a release stop nothing, and nothing goes on without them", async () => {
  const fleet = await openRingedFleet(database, { count: 20 });
  await fleet.start(2, { rings: [{ share: 0.5 }, { share: 1 }] });
  for (let round = 0; round < 4; round += 1) await fleet.round(() => "cannot fetch");
  const waiting = await fleet.latest();
  expect(waiting).toMatchObject({ state: "running", progress: { ring: 0 } });
  expect(waiting.why).toMatch(/0 of at least 1 have tried.*download_failed/);
  await untilOver(fleet, () => fleet.round());
  expect((await fleet.latest()).state).toBe("done");
});

test("a ring by label goes first, with only its own devices", async () => {
  const fleet = await openRingedFleet(database, {
    count: 12,
    label: (number) => (number < 2 ? "canary" : undefined),
  });
  await fleet.start(2, { rings: [{ devices: "canary" }, { share: 1 }], gate: { soakMs: 1e9 } });
  for (let round = 0; round < 3; round += 1) await fleet.round();
  expect(on(fleet, 2).map(({ label }) => label)).toEqual(["canary", "canary"]);
});
