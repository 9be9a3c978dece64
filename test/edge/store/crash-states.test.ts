import { expect, test } from "vitest";
import { type DeviceState, deviceState, emptyState } from "#edge/store/device-state.ts";
import { modelOf } from "#edge/store/model-state.ts";
import { openState } from "#edge/store/open-state.ts";
import { seal, unseal } from "#edge/store/sealed.ts";
import { createCrashDisk, type DiskContent } from "#test/support/edge/crash-disk.ts";
import { type CutOptions, cutPower } from "#test/support/edge/cut-power.ts";
import { type Claims, noClaims } from "#test/support/edge/device-claims.ts";
import {
  forgetsContent,
  forgetsFolders,
  removesBeforeRenaming,
} from "#test/support/edge/planted-mistakes.ts";
import { data, model, type PlayOptions, playDevice, playWholeLife } from "#test/support/edge/play-device.ts";
import { smallRelease } from "#test/support/edge/small-release.ts";

const [first, second, third] = [smallRelease(1), smallRelease(2), smallRelease(3)];

test("a power cut at any moment of a device's life leaves a model that loads and all that was answered for", async () => {
  const began = process.threadCpuUsage();
  const { states, faults } = await cutPower({ play: playWholeLife });
  const { user, system } = process.threadCpuUsage(began);
  expect(faults).toEqual([]);
  expect(states).toBeGreaterThanOrEqual(400);
  // Of this thread alone, in microseconds: what else the machine does is not counted.
  expect(user + system).toBeLessThan(2_000_000);
});

test("a fetch that was cut short is taken up again, whatever the cut left of it", async () => {
  const { fs, afterCut } = createCrashDisk();
  const cut = new Error("the power is cut");
  const dying = { ...fs, rename: () => Promise.reject(cut) };
  await expect(playFirst({ fs: dying, claim: () => undefined })).rejects.toBe(cut);
  for (const disk of afterCut()) {
    const { faults } = await cutPower({ play: playFirst, start: disk });
    expect(faults).toEqual([]);
  }
});

test("after a power cut at any moment the device goes on to the next release", async () => {
  const disks: DiskContent[] = [];
  const disk = createCrashDisk({ before: () => void disks.push(...disk.afterCut()) });
  await playWholeLife({ fs: disk.fs, claim: () => undefined });
  const last = smallRelease(9);
  for (const start of disks.filter((_, at) => at % 8 === 0)) {
    const { fs } = createCrashDisk({ start });
    const player = await playDevice({ fs, claim: () => undefined });
    await player.update(last);
    await player.collect();
    expect(player.state().models[model]?.active?.release).toBe(9);
    expect(await player.boots()).toBe("active");
  }
});

const tornCopies: readonly (readonly [string, (whole: Buffer) => Buffer])[] = [
  ["empty", () => Buffer.alloc(0)],
  ["cut off", (whole) => whole.subarray(0, whole.length >> 1)],
  ["zeros", (whole) => Buffer.alloc(whole.length)],
  ["zeros at its end", (whole) => Buffer.concat([whole.subarray(0, -9), Buffer.alloc(9)])],
  ["of a schema nobody knows", () => Buffer.from(seal({ ...emptyState, schema: 2 }))],
  ["without its checksum", () => Buffer.from(JSON.stringify(emptyState))],
];

test.each(tornCopies)("a newest state that is %s costs nothing at any later power cut", async (_, tear) => {
  const { disk, claims } = await deviceAfter(playTwo);
  const start = new Map(disk);
  start.set(`${data}/state/device.json`, tear(fileIn(disk, "state/device.json")));
  const before = stateIn(disk, "state/device.before.json");
  const survived = { ...claims, state: before, asked: new Map() };
  const { states, faults } = await cutPower({ play: playThird, start, claims: survived });
  expect(faults).toEqual([]);
  expect(states).toBeGreaterThan(40);
});

test("a device whose content is never synced is found out", async () => {
  expect(await faultsOf({ through: forgetsContent() })).not.toEqual([]);
});

test.each([
  ["a model's file", (path: string) => path.includes("model.onnx")],
  ["the golden images", (path: string) => path.includes("golden.json")],
  ["the word that a model is whole", (path: string) => path.includes("ok.json")],
  ["the state", (path: string) => path.includes("device.json")],
  ["the device's key", (path: string) => path.includes("device.pem")],
  ["a signed list", (path: string) => path.includes("/trust/")],
])("a device that does not sync %s is found out", async (_, where) => {
  expect(await faultsOf({ through: forgetsContent(where) })).not.toEqual([]);
});

test("a device whose folders are never synced is found out", async () => {
  expect(await faultsOf({ through: forgetsFolders() })).not.toEqual([]);
});

test.each([
  ["of the state", (path: string) => path.endsWith("/state")],
  ["of the shelf", (path: string) => path.endsWith("/models")],
  ["of one model", (path: string) => /[0-9a-f]{64}$/.test(path)],
  ["of the keys", (path: string) => path.endsWith("/keys")],
  ["above all of these", (path: string) => path === data || path === "/"],
])("a device that does not sync the folder %s is found out", async (_, where) => {
  expect(await faultsOf({ through: forgetsFolders(where) })).not.toEqual([]);
});

test("a device that removes a model before the state that lets it go lasts is found out", async () => {
  expect(await faultsOf({ collectsEarly: true })).not.toEqual([]);
});

test("a device that takes a file away before it renames another into its place is found out", async () => {
  expect(await faultsOf({ through: removesBeforeRenaming })).not.toEqual([]);
});

test.each([
  ["both copies of the state", ["device.json", "device.before.json"]],
  ["the newest copy and what only grows", ["device.json", "lasting.json"]],
  ["the older copy and what only grows", ["device.before.json", "lasting.json"]],
])("no floor sinks with %s torn", async (_, torn) => {
  const { disk } = await deviceAfter(playTwo);
  const start = new Map(disk);
  for (const name of torn) start.set(`${data}/state/${name}`, Buffer.alloc(20));
  await using store = await openState({ fs: createCrashDisk({ start }).fs, folder: data });
  expect(modelOf(store.state, model).floor).toBe(2);
  expect(store.state.trust.floors).toEqual({ root: 1, timestamp: 1 });
  const { device, reservedNumbers } = store.state.identity;
  expect(device).toBe("dev_1");
  expect(reservedNumbers).toBeGreaterThanOrEqual(100);
});

async function faultsOf(planted: Pick<CutOptions, "through" | "collectsEarly">): Promise<readonly string[]> {
  return (await cutPower({ play: playWholeLife, most: 8, ...planted })).faults;
}

async function playFirst(options: PlayOptions): Promise<void> {
  await (await playDevice(options)).update(first);
}

async function playTwo(options: PlayOptions): Promise<void> {
  const player = await playDevice(options);
  await player.enrol();
  await player.switchTrust(1);
  await player.update(first);
  await player.update(second);
  await player.hold();
}

async function playThird(options: PlayOptions): Promise<void> {
  const player = await playDevice(options);
  await player.update(third);
  await player.hold();
  await player.collect();
}

async function deviceAfter(play: CutOptions["play"]): Promise<{ disk: DiskContent; claims: Claims }> {
  const { fs, now } = createCrashDisk();
  let claims = noClaims;
  await play({
    fs,
    claim: (next) => {
      claims = next(claims);
    },
  });
  return { disk: now(), claims };
}

function fileIn(disk: DiskContent, path: string): Buffer {
  return disk.get(`${data}/${path}`) ?? Buffer.alloc(0);
}

function stateIn(disk: DiskContent, path: string): DeviceState {
  return deviceState.parse(unseal(fileIn(disk, path)));
}
