import { generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deviceKeyOf, newProofHeader, proofHeader, thumbprintOf } from "#infra/runtime/devices/proof.ts";
import type { EdgeDoor } from "#test/support/edge-door.ts";
import { ask, at, type EdgeFleet, openEdgeFleet } from "#test/support/edge-fleet.ts";

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

test("keys are exchanged twice under traffic, and no call is refused", async () => {
  const device = await fleet.enrolled();
  const statuses: number[] = [];
  let isOver = false;
  const caller = async (door: EdgeDoor): Promise<void> => {
    while (!isOver) {
      const call = await device.sign(ask);
      statuses.push((await at(device, door).repeat(call)).status);
    }
  };
  const traffic = [here, there, here, there].map(caller);
  for (let n = 0; n < 2; n += 1) {
    await expect.poll(() => statuses.length, { timeout: 20_000 }).toBeGreaterThan(60 * (n + 1));
    expect((await device.rotate()).status).toBe(200);
  }
  await expect.poll(() => statuses.length, { timeout: 20_000 }).toBeGreaterThan(200);
  isOver = true;
  await Promise.all(traffic);
  expect(statuses.filter((status) => status !== 200)).toEqual([]);
});

test("an exchanged key is good for a day beside its successor, and then no longer", async () => {
  const device = await fleet.enrolled();
  const old = device.key;
  const reply = await device.rotate();
  expect(Number(reply.body.bothUntil) - Date.now()).toBeGreaterThan(86_000_000);
  for (const key of [old, device.key]) expect((await device.call(ask, { key })).status).toBe(200);
  await fleet.database.query(
    "UPDATE device_keys SET ends_at = now() - interval '1 second' WHERE thumbprint = $1",
    [thumbprintOf(deviceKeyOf(old))],
  );
  expect(await device.call(ask, { key: old })).toMatchObject({
    status: 401,
    body: { code: "proof_refused", detail: expect.stringMatching(/exchanged/) },
  });
  expect((await device.call(ask)).status).toBe(200);
});

test("whoever did not hear of the exchange asks again and is told the same; an old key names no other successor", async () => {
  const device = await fleet.enrolled();
  const [old, next] = [device.key, generateKeyPairSync("ed25519").privateKey];
  const first = await device.rotate(next);
  device.key = old;
  const again = await device.rotate(next);
  expect(again).toMatchObject({ status: 200, body: first.body });
  device.key = old;
  expect(await device.rotate()).toMatchObject({ status: 401, body: { code: "proof_refused" } });
});

test("no key follows that did not prove itself, or that was used before", async () => {
  const [device, other] = [await fleet.enrolled(), await fleet.enrolled()];
  const key = deviceKeyOf(generateKeyPairSync("ed25519").privateKey);
  const call = { method: "POST", path: "/edge/v1/keys", body: { key } };
  expect(await device.call(call)).toMatchObject({ status: 401, body: { code: "proof_refused" } });
  const own = (await device.sign(call)).init.headers["tradewind-proof"] ?? "";
  expect(await device.call({ ...call, headers: { "tradewind-new-proof": own } })).toMatchObject({
    status: 401,
    body: { code: "proof_refused" },
  });
  expect(await device.rotate(other.key)).toMatchObject({ status: 401, body: { code: "proof_refused" } });
  expect(await device.rotate(device.key)).toMatchObject({ status: 401, body: { code: "proof_refused" } });
  expect((await device.call(ask)).status).toBe(200);
});

test.each([
  ["with another number", { number: 1_000 }],
  ["with another id", { id: "another-id-than-the-old-one" }],
  ["of nobody", { device: undefined }],
])("a proof by the new key %s belongs to another change, and no key follows by it", async (_, twist) => {
  const device = await fleet.enrolled();
  const next = generateKeyPairSync("ed25519").privateKey;
  const call = { method: "POST", path: "/edge/v1/keys", body: { key: deviceKeyOf(next) } };
  const shared = { number: ++device.number, id: "the-id-of-the-old-key" };
  const { [proofHeader]: byNew = "" } = (await device.sign(call, { ...shared, key: next, ...twist })).init
    .headers;
  const signed = await device.sign({ ...call, headers: { [newProofHeader]: byNew } }, shared);
  expect(await device.repeat(signed)).toMatchObject({
    status: 401,
    body: { code: "proof_refused", detail: expect.stringMatching(/does not belong/) },
  });
});

test("nobody makes a row of good keys", async () => {
  const device = await fleet.enrolled();
  const replies = [];
  for (let n = 0; n < 4; n += 1) replies.push((await device.rotate()).status);
  expect(replies).toEqual([200, 200, 200, 429]);
  expect((await device.call(ask)).status).toBe(200);
});
