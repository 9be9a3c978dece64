import { afterAll, beforeAll, expect, test } from "vitest";
import { readAudit } from "#gateway/records/audit.ts";
import { turnEdgeRollout } from "#gateway/records/edge-rollouts.ts";
import { judgeEdgeRollout } from "#gateway/records/judge-rollouts.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { model } from "#test/support/edge-rollouts.ts";
import { type MigratedPostgres, startMigratedPostgres } from "#test/support/migrated-postgres.ts";
import { openRingedFleet, reportOf, type SimulatedDevice } from "#test/support/ringed-fleet.ts";

let records: MigratedPostgres;
let database: Database;
beforeAll(async () => {
  records = await startMigratedPostgres();
  ({ database } = records);
});
afterAll(() => records?.[Symbol.asyncDispose]());

const actor = { id: "ann" };
const audited = async (subject: string) =>
  (await readAudit(database.query, { most: 1_000 }))
    .filter((one) => one.subject === subject)
    .map(({ action }) => action)
    .reverse();

test("a device that reports twice is counted once, and one that flaps moves its count, whichever gateway hears it", async () => {
  const fleet = await openRingedFleet(database, { count: 30 });
  await fleet.start(2, { gate: { maxFailures: 1, least: 30, soakMs: 1e9 } });
  await fleet.round();
  await fleet.round(() => "takes");
  const [flapping] = fleet.devices;
  const counts = async () => (await fleet.latest()).progress.counts[0];
  expect(await counts()).toMatchObject({
    devices: 30,
    succeeded: 30,
    trying: 0,
    failed: 0,
    agreementTold: 30,
  });
  const [one, other] = fleet.gateways;
  if (!flapping || !one || !other) throw new Error("the fleet is empty");

  const good = reportOf(flapping);
  const bad = reportOf({ ...flapping, active: 1, failed: { release: 2, cause: "self_test_failed" } });
  for (const body of [bad, bad, good, bad, good, good, bad]) {
    await Promise.all([one.report(flapping, body), other.report(flapping, body)]);
    expect(await counts()).toMatchObject(
      body === bad
        ? { succeeded: 29, failed: 1, causes: { self_test_failed: 1 }, agreementTold: 29 }
        : { succeeded: 30, failed: 0, causes: { self_test_failed: 0 }, agreementTold: 30 },
    );
  }
  const rows = await database.query("SELECT 1 FROM edge_rollout_outcomes WHERE rollout = 'er_2'");
  expect(rows.length).toBe(30);
});

test("reports that come together at two gateways leave exact counts", async () => {
  const fleet = await openRingedFleet(database, { count: 60 });
  await fleet.start(2, { gate: { maxFailures: 1, least: 60, soakMs: 1e9 } });

  const told = fleet.devices.flatMap((device, number) => {
    const took: SimulatedDevice = { ...device, active: 2, previous: 1 };
    const failed: SimulatedDevice = { ...device, failed: { release: 2, cause: "self_test_failed" } };
    const body = reportOf(number % 3 === 0 ? failed : took);
    return fleet.gateways.map((gateway) => gateway.report(device, body));
  });
  const statuses = (await Promise.all(told)).map(({ status }) => status);
  expect(new Set(statuses)).toEqual(new Set([204]));
  expect((await fleet.latest()).progress.counts[0]).toMatchObject({ succeeded: 40, failed: 20, trying: 0 });
});

test("gateways that judge at the same moment advance a rollout once", async () => {
  const fleet = await openRingedFleet(database, { count: 40 });
  const rollout = await fleet.start(2, {
    ...{ rings: [{ share: 0.3 }, { share: 0.6 }, { share: 1 }], gate: { soakMs: 60_000 }, id: "er_once" },
  });
  await fleet.round();
  await fleet.round();
  fleet.clock.advance(60_000);
  await database.query("UPDATE devices SET last_seen_at = $1", [new Date(fleet.clock.now())]);
  expect((await fleet.latest()).progress.ring).toBe(0);
  const judge = () => judgeEdgeRollout(database, { rollout, now: fleet.clock.now() });
  await Promise.all(Array.from({ length: 8 }, judge));
  expect((await fleet.latest()).progress.ring).toBe(1);
  expect(await audited("er_once")).toEqual(["device-rollout.start", "device-rollout.advance"]);
});

test("news of a ring that has not begun, of another rollout or of a foreign model are not counted", async () => {
  const fleet = await openRingedFleet(database, {
    count: 10,
    label: (number) => (number === 0 ? "canary" : undefined),
  });
  await fleet.start(2, { rings: [{ devices: "canary" }, { share: 1 }], gate: { soakMs: 1e9 } });
  const [canary, other] = fleet.devices;
  const [gateway] = fleet.gateways;
  if (!canary || !other || !gateway) throw new Error("the fleet is empty");

  const bad = (device: SimulatedDevice) =>
    reportOf({ ...device, failed: { release: 2, cause: "self_test_failed" } });
  const early = bad(other);
  const foreign = { ...bad(canary), models: bad(canary).models.map((one) => ({ ...one, rollout: "er_1" })) };
  const unknown = { ...bad(canary), models: bad(canary).models.map((one) => ({ ...one, model: "plates" })) };
  expect((await gateway.report(other, early)).status).toBe(204);
  expect((await gateway.report(canary, foreign)).status).toBe(204);
  expect((await gateway.report(canary, unknown)).status).toBe(204);
  expect(await fleet.latest()).toMatchObject({
    state: "running",
    progress: { counts: [{ failed: 0 }, { failed: 0 }] },
  });
  const kept = await database.query("SELECT 1 FROM device_models WHERE model = 'plates'");
  expect(kept).toEqual([]);
  expect((await gateway.report(canary, bad(canary))).status).toBe(204);
  expect((await fleet.latest()).state).toBe("stopped");
});

test("a device that may have all models puts no made-up ones on record", async () => {
  const fleet = await openRingedFleet(database, { count: 2 });
  const [device] = fleet.devices;
  const [gateway] = fleet.gateways;
  if (!device || !gateway) throw new Error("the fleet is empty");
  await fleet.start(2, {});
  await database.query("UPDATE devices SET models = '{}' WHERE id = $1", [device.id]);
  const body = reportOf({ ...device, active: 2, previous: 1 });
  const models = body.models.flatMap((one) => [one, { ...one, model: "made-up-1" }, { ...one, model: "m2" }]);
  expect((await gateway.report(device, { ...body, models })).status).toBe(204);
  const kept = await database.query(
    "SELECT model FROM device_models WHERE device = $1 AND report IS NOT NULL",
    [device.id],
  );
  expect(kept).toEqual([{ model: "digits-n" }]);
});

test("a plan repeats its nonce under the online key, and is refused without a proper one", async () => {
  const fleet = await openRingedFleet(database, { count: 1 });
  const [device] = fleet.devices;
  const [gateway] = fleet.gateways;
  if (!device || !gateway) throw new Error("the fleet is empty");
  const told = await gateway.read(await gateway.plan(device, `?nonce=${"n".repeat(64)}`));
  expect(told).toMatchObject({
    device: device.id,
    nonce: "n".repeat(64),
    pollMs: 60_000,
    at: fleet.clock.now(),
  });
  for (const query of [
    "",
    "?nonce=short",
    `?nonce=${"n".repeat(65)}`,
    "?nonce=0123456789abcde%20",
    "?nonce=a&nonce=b",
  ])
    expect((await gateway.plan(device, query)).status).toBe(422);
});

test("reports that are no reports are refused and change nothing", async () => {
  const fleet = await openRingedFleet(database, { count: 1 });
  const [device] = fleet.devices;
  const [gateway] = fleet.gateways;
  if (!device || !gateway) throw new Error("the fleet is empty");

  const good = reportOf(device);
  const wrong = [
    {},
    { ...good, more: 1 },
    { ...good, target: "z80" },
    { ...good, models: good.models.map((one) => ({ ...one, agreement: 2_000_000 })) },
    { ...good, models: good.models.map((one) => ({ ...one, active: { release: 0 } })) },
    { ...good, models: Array.from({ length: 101 }, () => good.models[0]) },
  ];
  for (const body of wrong) expect((await gateway.report(device, body)).status).toBe(422);
  const [{ report } = { report: 1 }] = (await database.query("SELECT report FROM devices")) as {
    report: unknown;
  }[];
  expect(report).toBeNull();
  const zero = { ...good, agent: "a\u0000b" };
  expect((await gateway.report(device, zero)).status).toBe(204);
});

test("operators alone turn rollouts, and only where that is possible", async () => {
  const fleet = await openRingedFleet(database, { count: 1 });
  const tenant = { id: "bob", within: { tenant: "t", scopes: new Set<never>(), models: "all" as const } };
  const turn = (which: "pause" | "resume" | "stop" | "rollback", who = actor) =>
    turnEdgeRollout(database, { model, turn: which, actor: who });
  await expect(turn("pause", tenant)).rejects.toMatchObject({ code: "forbidden" });
  await expect(turn("pause")).rejects.toMatchObject({
    code: "parameter_invalid",
    message: expect.stringContaining("is done: there is nothing to pause"),
  });
  await expect(turn("resume")).rejects.toMatchObject({ code: "parameter_invalid" });
  await expect(turnEdgeRollout(database, { model: "plates", turn: "stop", actor })).rejects.toMatchObject({
    code: "record_unknown",
  });
  await expect(fleet.start(1, { id: "er_again" })).rejects.toMatchObject({ code: "parameter_invalid" });
  await fleet.start(3);
  await expect(fleet.start(3, { id: "er_again" })).rejects.toMatchObject({ code: "record_exists" });
  await turn("rollback");
  await expect(turn("rollback")).rejects.toMatchObject({ code: "parameter_invalid" });
  await expect(fleet.start(2, { id: "er_2" })).resolves.toMatchObject({ state: "running" });
});
