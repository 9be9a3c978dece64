import { expect, test } from "vitest";
import { openDeviceKeys } from "#edge/device/device-keys.ts";
import { renewKey } from "#edge/device/renew-key.ts";
import { emptyState } from "#edge/store/device-state.ts";
import { deviceKeyOf, thumbprintOf } from "#infra/runtime/devices/proof.ts";
import { createMemoryDisk } from "#test/support/edge/memory-disk.ts";

const day = 86_400_000;
const { signal } = new AbortController();

async function rig({ isLost = false } = {}) {
  const fs = createMemoryDisk();
  const time = { now: 1_800_000_000_000 };
  const open = () => openDeviceKeys({ fs, folder: "/device", now: () => time.now });
  const keys = await open();
  await keys.make();
  const asked: string[] = [];
  const nameOf = (held = keys.current()): string => (held ? thumbprintOf(deviceKeyOf(held.key)) : "none");
  const deps = {
    ...{ keys, clock: { now: () => time.now }, log: { info: () => {} } },
    store: { state: { ...emptyState, identity: { device: "dev_1", reservedNumbers: 0 } } },
    client: {
      rotate: async () => {
        asked.push(nameOf(keys.successor() ?? (await keys.make())));
        if (isLost) throw new Error("the answer was lost");
      },
    },
  };
  return { time, keys, deps, asked, nameOf, open };
}

test("a key is changed after a month and not before", async () => {
  const { time, deps, asked, nameOf } = await rig();
  const first = nameOf();
  time.now += 29 * day;
  await renewKey(deps, { signal });
  expect(asked).toEqual([]);
  time.now += 2 * day;
  await renewKey(deps, { signal });
  expect(asked).toEqual([nameOf()]);
  expect(nameOf()).not.toBe(first);
});

test("whoever wishes a new key has one at once", async () => {
  const { deps, asked } = await rig();
  await renewKey(deps, { signal, isWished: true });
  expect(asked).toHaveLength(1);
});

test("a change whose answer was lost is asked for again, with the same key and by the old one", async () => {
  const { deps, asked, nameOf, keys, open } = await rig({ isLost: true });
  const first = nameOf();
  await expect(renewKey(deps, { signal, isWished: true })).rejects.toThrow(/lost/);
  await expect(renewKey(deps, { signal })).rejects.toThrow(/lost/);
  expect(new Set(asked).size).toBe(1);
  expect(nameOf()).toBe(first);
  const after = await open();
  expect(nameOf(after.successor())).toBe(nameOf(keys.successor()));
});

test("a folder that is no device's asks for no key", async () => {
  const { deps, asked } = await rig();
  await renewKey({ ...deps, store: { state: emptyState } }, { signal, isWished: true });
  expect(asked).toEqual([]);
});
