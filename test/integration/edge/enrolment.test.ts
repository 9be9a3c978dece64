import { generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readDevice, revokeDevice } from "#gateway/records/devices.ts";
import { deviceKeyOf, thumbprintOf } from "#infra/runtime/devices/proof.ts";
import type { EdgeDoor } from "#test/support/edge-door.ts";
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

test("a device that enrols has a name, and is on record with what its token says", async () => {
  const device = new ProvingDevice(here.send);
  const reply = await device.enrol(await fleet.token({ models: ["digits-n"], label: "dock-3" }));
  expect(reply).toMatchObject({ status: 201, body: { models: ["digits-n"] } });
  expect(reply.headers.get("tradewind-edge")).toBe("1");
  expect(await readDevice(fleet.database.query, String(device.device))).toMatchObject({
    label: "dock-3",
    hardware: "camera-1",
    agent: "test/1.0.0",
    models: ["digits-n"],
    keys: [{ thumbprint: thumbprintOf(deviceKeyOf(device.key)), endsAt: undefined }],
  });
  expect((await device.call(ask)).status).toBe(200);
});

test("of a hundred devices that come with one token at once, at two gateways, exactly one is let in", async () => {
  const text = await fleet.token();
  const devices = Array.from({ length: 100 }, (_, n) => new ProvingDevice((n % 2 ? here : there).send));
  const replies = await Promise.all(devices.map((device) => device.enrol(text)));
  const won = replies.filter(({ status }) => status === 201);
  expect(won).toHaveLength(1);
  expect(
    replies.filter(({ status, body }) => status === 401 && body.code === "enrolment_refused"),
  ).toHaveLength(99);
  const { rows } = await fleet.row(
    "SELECT count(*)::int AS rows FROM devices WHERE enrolment = $1",
    text.split(".")[0] ?? "",
  );
  expect(rows).toBe(1);
});

test("whoever did not hear the answer enrols again with the same key and has the same name", async () => {
  const text = await fleet.token();
  const device = new ProvingDevice(here.send);
  const first = await device.enrol(text);
  const again = await at(device, there).enrol(text, { device: undefined });
  expect(again.status).toBe(201);
  expect(again.body).toEqual(first.body);
  const other = new ProvingDevice(here.send);
  expect(await other.enrol(text)).toMatchObject({ status: 401, body: { code: "enrolment_refused" } });
});

test("a token that is old, made up, half or for other hardware lets nobody in, and is not spent by that", async () => {
  const device = new ProvingDevice(here.send);
  const old = await fleet.token({}, 1);
  await expect.poll(async () => (await device.enrol(old)).status).toBe(401);
  const good = await fleet.token({ hardware: "camera-2" });
  const [id, secret = ""] = good.split(".");
  for (const text of [
    `${id}.${"A".repeat(32)}.x`,
    `enr_000000000000.${secret}`,
    `${id}.${secret.slice(0, 31)}`,
    "no token at all, but long enough",
  ]) {
    expect(await device.enrol(text)).toMatchObject({ status: 401, body: { code: "enrolment_refused" } });
  }
  expect(await device.enrol(good)).toMatchObject({ status: 401, body: { code: "enrolment_refused" } });
  expect(await device.enrol(good, { hardware: "camera-2" })).toMatchObject({ status: 201 });
});

test("a key that was ever enrolled is never enrolled again, and the token stays good", async () => {
  const device = await fleet.enrolled();
  await revokeDevice(fleet.database, { actor: operator, id: String(device.device) });
  const again = at(device, here);
  const text = await fleet.token();
  expect(await again.enrol(text, { device: undefined })).toMatchObject({
    status: 401,
    body: { code: "enrolment_refused", detail: expect.stringMatching(/enrolled before/) },
  });
  expect(await new ProvingDevice(here.send).enrol(text)).toMatchObject({ status: 201 });
});

test("an enrolment without its own key's proof is none", async () => {
  const text = await fleet.token();
  const device = new ProvingDevice(here.send);
  const stranger = generateKeyPairSync("ed25519").privateKey;
  expect(await device.enrol(text, { key: stranger })).toMatchObject({
    status: 401,
    body: { code: "proof_refused" },
  });
  const { path, init } = await device.sign({ method: "POST", path: "/edge/v1/enrol", body: {} });
  const { "tradewind-proof": _, ...none } = init.headers;
  expect(await device.repeat({ path, init: { ...init, headers: none } })).toMatchObject({
    status: 401,
    body: { code: "proof_refused", detail: expect.stringMatching(/none came/) },
  });
  expect(await device.enrol(text, { device: `dev_${"0".repeat(26)}` })).toMatchObject({ status: 401 });
  expect(await device.enrol(text)).toMatchObject({ status: 201 });
});

test.each([
  ["hardware with a line's end", { hardware: "camera\n1" }],
  ["no hardware", { hardware: "" }],
  ["hardware that is a novel", { hardware: "x".repeat(101) }],
  ["a number for hardware", { hardware: 7 }],
])("an enrolment with %s is told what is wrong and spends nothing", async (_, { hardware }) => {
  const text = await fleet.token();
  const device = new ProvingDevice(here.send);
  expect(await device.enrol(text, { hardware })).toMatchObject({
    status: 422,
    body: { code: "parameter_invalid", detail: expect.stringMatching(/^hardware/) },
  });
  expect(await device.enrol(text)).toMatchObject({ status: 201 });
});
