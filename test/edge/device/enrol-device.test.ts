import { expect, test } from "vitest";
import { openDeviceKeys } from "#edge/device/device-keys.ts";
import { enrolDevice, isEnrolled } from "#edge/device/enrol-device.ts";
import { keepFirstRoot } from "#edge/device/first-root.ts";
import { openState } from "#edge/store/open-state.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createMemoryDisk } from "#test/support/edge/memory-disk.ts";

const folder = "/device";
const said = {
  token: `enr_0123456789ab.${"s".repeat(32)}.${"r".repeat(43)}`,
  ...{ hardware: "camera", agent: "1.0.0", signal: new AbortController().signal },
};

async function openFolder(fs = createMemoryDisk()) {
  const store = await openState({ fs, folder });
  const keys = await openDeviceKeys({ fs, folder, now: () => 1 });
  return { fs, folder, store, keys };
}

/** Takes what has a key, under a name that nobody had before. */
function gatewayOf({ keys }: Pick<Awaited<ReturnType<typeof openFolder>>, "keys">, refusals = 0) {
  const asked: string[] = [];
  const enrol = async ({ token }: { readonly token: string }) => {
    asked.push(token);
    if (!keys.current()) await keys.make();
    if (asked.length <= refusals) throw new TradewindError("enrolment_refused", "no");
    return { device: `dev_${String(asked.length).repeat(26)}`, models: [] };
  };
  return { asked, enrol };
}

test("a folder is a device's when it has a name and the key for it, and what is after the token's last dot stays here", async () => {
  const place = await openFolder();
  expect(isEnrolled(place)).toBe(false);
  const client = gatewayOf(place);
  await enrolDevice(said, { ...place, client });
  expect(isEnrolled(place)).toBe(true);
  expect(client.asked).toEqual([`enr_0123456789ab.${"s".repeat(32)}`]);
});

test("a token that names no root is good beside a root that was brought by hand, and is kept unspent without one", async () => {
  const token = `enr_0123456789ab.${"s".repeat(32)}`;
  const place = await openFolder();
  const client = gatewayOf(place);
  const refused = enrolDevice({ ...said, token }, { ...place, client });
  await expect(refused).rejects.toMatchObject({
    code: "enrolment_refused",
    hint: expect.stringMatching(/--root FILE.*1\.root\.json/),
  });
  expect(client.asked).toEqual([]);
  await keepFirstRoot(place, Buffer.from("{}"));
  await enrolDevice({ ...said, token }, { ...place, client });
  expect(isEnrolled(place)).toBe(true);
  expect(client.asked).toEqual([token]);
});

test("a device whose key the disk has lost enrols anew, with numbers that go on", async () => {
  const place = await openFolder();
  await enrolDevice(said, { ...place, client: gatewayOf(place) });
  await place.store.change((state) => ({
    ...state,
    identity: { ...state.identity, reservedNumbers: 3_000 },
  }));
  place.fs.files.set(`${folder}/keys/device.pem`, Buffer.from("\0\0\0\0"));
  const after = await openFolder(place.fs);
  expect(after.store.state.identity.device).toMatch(/^dev_/);
  expect(isEnrolled(after)).toBe(false);
  await enrolDevice(said, { ...after, client: gatewayOf(after) });
  expect(isEnrolled(after)).toBe(true);
  expect(after.store.state.identity.reservedNumbers).toBe(3_000);
});

test("a key that a gateway will not enrol gives way to a new one, once", async () => {
  const place = await openFolder();
  await place.keys.make();
  const before = place.keys.current()?.key;
  await enrolDevice(said, { ...place, client: gatewayOf(place, 1) });
  expect(place.keys.current()?.key).not.toBe(before);
  const again = enrolDevice(said, { ...place, client: gatewayOf(place, 2) });
  await expect(again).rejects.toMatchObject({ code: "enrolment_refused" });
});
