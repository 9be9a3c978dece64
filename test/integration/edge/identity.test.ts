import { generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listDevices, readDevice, releaseDevice, revokeDevice } from "#gateway/records/devices.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { nonceHeader } from "#infra/runtime/devices/proof.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type EdgeDoor, openEdgeDoor } from "#test/support/edge-door.ts";
import { ask, at, type EdgeFleet, openEdgeFleet, operator } from "#test/support/edge-fleet.ts";
import { ProvingDevice } from "#test/support/proving-device.ts";

let fleet: EdgeFleet;
let here: EdgeDoor;
let there: EdgeDoor;
beforeAll(async () => {
  fleet = await openEdgeFleet();
  ({ here, there } = fleet);
});
afterAll(async () => {
  await fleet?.[Symbol.asyncDispose]();
});

test("a proof counts once, also at another gateway, and sending it again sets nobody aside", async () => {
  const device = await fleet.enrolled();
  const call = await device.sign(ask);
  expect((await device.repeat(call)).status).toBe(200);
  for (const door of [here, there, here]) {
    expect(await at(device, door).repeat(call)).toMatchObject({
      status: 401,
      body: { code: "proof_refused" },
    });
  }
  expect((await device.call(ask)).status).toBe(200);
});

test("of fifty sendings of one proof to two gateways at once, one is answered", async () => {
  const device = await fleet.enrolled();
  const call = await device.sign(ask);
  const doors = Array.from({ length: 50 }, (_, n) => (n % 2 ? here : there));
  const replies = await Promise.all(doors.map((door) => at(device, door).repeat(call)));
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
  expect((await device.call(ask)).status).toBe(200);
});

test("a proof's id is good once, whatever number it comes with", async () => {
  const device = await fleet.enrolled();
  const id = "the-same-id-two-times";
  expect((await device.call(ask, { id })).status).toBe(200);
  expect(await at(device, there).call(ask, { id })).toMatchObject({
    status: 401,
    body: { code: "proof_refused" },
  });
});

test("a proof that names another device than its key's lets neither in", async () => {
  const [device, other] = [await fleet.enrolled(), await fleet.enrolled()];
  for (const name of [other.device, undefined])
    expect(await device.call(ask, { device: name })).toMatchObject({
      status: 401,
      body: { code: "proof_refused", detail: expect.stringMatching(/another device/) },
    });
  expect((await device.call(ask)).status).toBe(200);
});

test("a copy of a key is found out, and both are set aside until an operator says otherwise", async () => {
  const device = await fleet.enrolled();
  for (let n = 0; n < 5; n += 1) expect((await device.call(ask)).status).toBe(200);
  const copy = Object.assign(device.copy(), { send: there.send });
  for (let n = 0; n < 3; n += 1) expect((await device.call(ask)).status).toBe(200);
  expect(await copy.call(ask)).toMatchObject({
    status: 403,
    body: { code: "device_revoked", detail: expect.stringMatching(/copy/) },
  });
  for (const one of [device, copy]) expect(await one.call(ask)).toMatchObject({ status: 403 });
  const id = String(device.device);
  expect(await readDevice(fleet.database.query, id)).toMatchObject({
    setAside: { why: expect.stringMatching(/copy/) },
  });
  await releaseDevice(fleet.database, { actor: operator, id });
  expect((await device.call(ask)).status).toBe(200);
  const audit = await fleet.row(
    "SELECT array_agg(action ORDER BY id) AS actions FROM audit_events WHERE subject = $1",
    id,
  );
  expect(audit.actions).toEqual(["device.enrol", "device.set_aside", "device.release"]);
});

test("a copy that begins far behind is found out by that alone", async () => {
  const device = await fleet.enrolled();
  const copy = device.copy();
  expect((await device.call(ask, { number: 10_000 })).status).toBe(200);
  // A call that went out a while ago may have been overtaken, and sets nobody aside.
  const late = await device.call(ask, { number: 3, nowMs: Date.now() - 30_000 });
  expect(late).toMatchObject({ status: 401, body: { code: "proof_refused" } });
  expect((await device.call(ask, { number: 10_001 })).status).toBe(200);
  expect(await copy.call(ask)).toMatchObject({ status: 403, body: { code: "device_revoked" } });
});

test("calls that go out together arrive in any order, and all are answered", async () => {
  const device = await fleet.enrolled();
  const calls = await Promise.all(Array.from({ length: 60 }, () => device.sign(ask)));
  const shuffled = calls.toReversed();
  const replies = await Promise.all(shuffled.map((call, n) => at(device, n % 2 ? here : there).repeat(call)));
  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
});

test("a device whose clock says 1970 enrols and calls with a nonce, and has the next one with its answer", async () => {
  const device = new ProvingDevice(here.send, () => 0);
  const text = await fleet.token();
  const stale = await device.enrol(text);
  expect(stale).toMatchObject({ status: 401, body: { code: "proof_stale", retryable: true } });
  const nonce = stale.headers.get(nonceHeader) ?? undefined;
  expect(await at(device, there).enrol(text, { nonce })).toMatchObject({ status: 201 });
  expect(await device.enrol(text, { nonce })).toMatchObject({ status: 201 });
  expect(await device.call(ask)).toMatchObject({ status: 401, body: { code: "proof_stale" } });
  const answer = await device.callTwice(ask);
  expect(answer.status).toBe(200);
  const next = answer.headers.get(nonceHeader) ?? undefined;
  expect(await device.call(ask, { nonce: next })).toMatchObject({ status: 200 });
  expect((await device.rotate()).status).toBe(401);
});

test("a nonce is of no use to another key, and a proof with one still counts once", async () => {
  const [device, other] = [await fleet.enrolled(), await fleet.enrolled()];
  const stale = await device.call(ask, { nowMs: 0 });
  const nonce = stale.headers.get(nonceHeader) ?? undefined;
  expect(await other.call(ask, { nowMs: 0, nonce })).toMatchObject({
    status: 401,
    body: { code: "proof_stale" },
  });
  const call = await device.sign(ask, { nowMs: 0, nonce });
  expect((await device.repeat(call)).status).toBe(200);
  expect((await at(device, there).repeat(call)).status).toBe(401);
});

test.each([-61_500, 61_500, -3_600_000, 3_600_000])(
  "a clock that is off by %d ms is told so, with a nonce",
  async (off) => {
    const device = await fleet.enrolled();
    const reply = await device.call(ask, { nowMs: Date.now() + off });
    expect(reply).toMatchObject({ status: 401, body: { code: "proof_stale" } });
    expect(reply.headers.get(nonceHeader)).toMatch(/^[\w.-]{16,200}$/);
    expect((await device.call(ask, { nowMs: Date.now() + Math.sign(off) * 50_000 })).status).toBe(200);
  },
);

test("a revoked device is refused at its next call, at every gateway", async () => {
  const device = await fleet.enrolled();
  expect((await at(device, there).call(ask)).status).toBe(200);
  device.number += 1;
  const id = String(device.device);
  await revokeDevice(fleet.database, { actor: operator, id });
  for (const door of [here, there]) {
    const reply = await at(Object.assign(device, { number: device.number + 1 }), door).call(ask);
    expect(reply).toMatchObject({ status: 403, body: { code: "device_revoked" } });
  }
  await expect(revokeDevice(fleet.database, { actor: operator, id })).rejects.toThrow(/revoked for good/);
  await expect(releaseDevice(fleet.database, { actor: operator, id })).rejects.toThrow(TradewindError);
  const listed = await listDevices(fleet.database.query, { most: 1_000 });
  expect(listed.map((one) => one.id)).not.toContain(id);
});

test("with the soft state away proofs are checked as ever: one gateway refuses a replay, and so does another", async () => {
  const skipped: string[] = [];
  using _ = { [Symbol.dispose]: sideConcernSkipped.subscribe(({ what }) => skipped.push(what)) };
  const away = { apply: () => Promise.reject(new TradewindError("soft_state_unavailable", "away")) };
  const { database } = fleet;
  const [one, two] = [
    openEdgeDoor({ database, softState: away }),
    openEdgeDoor({ database, softState: away }),
  ];
  const device = await fleet.enrolled(one);
  const call = await device.sign(ask);
  expect((await device.repeat(call)).status).toBe(200);
  expect((await device.call(ask)).status).toBe(200);
  for (const door of [one, two]) {
    expect(await at(device, door).repeat(call)).toMatchObject({
      status: 401,
      body: { code: "proof_refused" },
    });
  }
  expect((await device.call(ask)).status).toBe(200);
  const copy = device.copy();
  expect((await device.call(ask)).status).toBe(200);
  expect(await at(copy, two).call(ask)).toMatchObject({ status: 403, body: { code: "device_revoked" } });
  expect(skipped).toContain("remembering proofs");
});

test("calls are counted by what became of them, without anybody's name", async () => {
  const { database } = fleet;
  const door = openEdgeDoor({ database });
  const device = await fleet.enrolled(door);
  await device.call(ask);
  await device.call(ask, { nowMs: 0 });
  await device.call(ask, { key: generateKeyPairSync("ed25519").privateKey });
  await revokeDevice(database, { actor: operator, id: String(device.device) });
  await device.call(ask);
  const text = await door.metrics.metrics();
  for (const [metric, outcome] of [
    ["proofs", "taken"],
    ["proofs", "stale"],
    ["proofs", "refused"],
    ["proofs", "revoked"],
    ["enrolments", "taken"],
  ]) {
    expect(text).toContain(`tradewind_device_${metric}_total{outcome="${outcome}"} 1`);
  }
  expect(text).not.toContain("dev_");
});
