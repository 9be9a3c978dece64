import { expect, test } from "vitest";
import { type DeviceState, emptyModel } from "#edge/store/device-state.ts";
import { openState } from "#edge/store/open-state.ts";
import { seal, unseal } from "#edge/store/sealed.ts";
import { createCrashDisk } from "#test/support/edge/crash-disk.ts";

const folder = "/data";
const newest = "/data/state/device.json";

const withFloor =
  (floor: number) =>
  (state: DeviceState): DeviceState => ({ ...state, models: { "digits-n": { ...emptyModel, floor } } });

async function twice(): Promise<ReturnType<typeof createCrashDisk>> {
  const disk = createCrashDisk();
  await using store = await openState({ fs: disk.fs, folder });
  await store.change(withFloor(1));
  await store.change(withFloor(2));
  return disk;
}

test("an empty folder is fresh, and what was changed there is found again", async () => {
  const { fs } = createCrashDisk();
  const store = await openState({ fs, folder });
  expect([store.found, store.state.generation]).toEqual(["fresh", 0]);
  expect((await store.change(withFloor(3))).generation).toBe(1);
  const again = await openState({ fs, folder });
  expect(again.found).toBe("whole");
  expect(again.state).toEqual(store.state);
});

test("a state that was written before deaths and baselines were known is read, and nothing is made up", async () => {
  const { fs, now } = await twice();
  const older = { sinceMs: 5, images: 7 };
  const { usual: _, ...model } = { ...emptyModel, floor: 2, probation: older };
  const state = {
    ...(unseal(now().get(newest) ?? Buffer.alloc(0)) as object),
    models: { "digits-n": model },
  };
  const start = new Map(now()).set(newest, Buffer.from(seal(state)));
  const store = await openState({ fs: createCrashDisk({ start }).fs, folder });
  expect(store.found).toBe("whole");
  expect(store.state.models["digits-n"]).toEqual({
    ...{ ...emptyModel, floor: 2 },
    probation: { ...older, deaths: 0, openings: 0, before: null, seen: [] },
  });
  expect((await openState({ fs, folder })).found).toBe("whole");
});

test("what a later agent wrote beside all that is known here is passed over, and costs nothing else", async () => {
  const disk = await twice();
  const { state } = await openState({ fs: disk.fs, folder });
  const start = new Map(disk.now());
  for (const name of ["device", "device.before", "lasting"]) {
    const path = `/data/state/${name}.json`;
    const known = unseal(start.get(path) ?? Buffer.alloc(0)) as DeviceState;
    const models = Object.entries(known.models).map(([each, one]) => [each, { ...one, later: 1 }]);
    const trust = { ...known.trust, later: 1 };
    start.set(path, Buffer.from(seal({ ...known, trust, models: Object.fromEntries(models), later: 1 })));
  }
  const store = await openState({ fs: createCrashDisk({ start }).fs, folder });
  expect([store.found, store.state]).toEqual(["whole", state]);
});

test("changes asked for at once are made one after the other", async () => {
  const { fs } = createCrashDisk();
  const store = await openState({ fs, folder });
  const reserve = (state: DeviceState): DeviceState => ({
    ...state,
    identity: { ...state.identity, reservedNumbers: state.identity.reservedNumbers + 100 },
  });
  await Promise.all(Array.from({ length: 20 }, () => store.change(reserve)));
  const again = await openState({ fs, folder });
  expect([again.state.generation, again.state.identity.reservedNumbers]).toEqual([20, 2_000]);
});

test("a change that changes nothing writes nothing", async () => {
  const deeds: string[] = [];
  const { fs } = createCrashDisk({ before: (deed) => void deeds.push(deed) });
  const store = await openState({ fs, folder });
  deeds.length = 0;
  await store.change((state) => state);
  expect(deeds).toEqual([]);
});

test("a change that throws, or makes no state of it, is refused and the next one holds", async () => {
  const { fs } = createCrashDisk();
  const store = await openState({ fs, folder });
  const refused = new Error("no");
  await expect(store.change(() => throwIt(refused))).rejects.toBe(refused);
  await expect(store.change(withFloor(0.5))).rejects.toMatchObject({ code: "internal" });
  expect((await store.change(withFloor(1))).generation).toBe(1);
});

test("no change lowers a floor, and none forgets a model's floor with the model", async () => {
  const { fs } = createCrashDisk();
  const store = await openState({ fs, folder });
  await store.change(withFloor(7));
  await store.change(withFloor(3));
  await store.change((state) => ({ ...state, models: {} }));
  expect(store.state.models["digits-n"]?.floor).toBe(7);
});

test("a torn newest state gives way to the one before, loudly", async () => {
  const { fs, now } = await twice();
  const start = new Map(now()).set(newest, Buffer.alloc(900));
  const store = await openState({ fs: createCrashDisk({ start }).fs, folder });
  expect([store.found, store.state.generation]).toEqual(["before", 1]);
  expect(store.state.models["digits-n"]?.floor).toBe(2);
  expect((await openState({ fs, folder })).found).toBe("whole");
});

test("a state that may be older than the proofs that were made goes on beyond all of their numbers", async () => {
  const disk = createCrashDisk();
  const reserve = (state: DeviceState): DeviceState => ({
    ...state,
    identity: { ...state.identity, reservedNumbers: state.identity.reservedNumbers + 250 },
  });
  await using store = await openState({ fs: disk.fs, folder });
  await store.change(reserve);
  await store.change(reserve);
  const start = new Map(disk.now());
  for (const name of ["device", "lasting"]) start.set(`/data/state/${name}.json`, Buffer.alloc(0));
  const again = await openState({ fs: createCrashDisk({ start }).fs, folder });
  expect(again.found).toBe("before");
  expect(again.state.identity.reservedNumbers).toBeGreaterThan(store.state.identity.reservedNumbers);
});

test("with both states torn the device is told that its state is lost", async () => {
  const { now } = await twice();
  const start = new Map(now())
    .set(newest, Buffer.alloc(9))
    .set("/data/state/device.before.json", Buffer.alloc(0));
  const store = await openState({ fs: createCrashDisk({ start }).fs, folder });
  expect(store.found).toBe("lost");
  expect(store.state.models["digits-n"]).toMatchObject({ active: null, floor: 2 });
});

test.each([
  ["with one letter changed", (text: string) => text.replace('"floor":2', '"floor":1')],
  ["with something behind it", (text: string) => `${text} `],
  ["that is no JSON", () => "state"],
  ["without anything in it", () => ""],
])("a sealed file %s is not taken for one", (_, change) => {
  const whole = Buffer.from(seal({ floor: 2 })).toString();
  expect(unseal(Buffer.from(whole))).toEqual({ floor: 2 });
  expect(unseal(Buffer.from(change(whole)))).toBeUndefined();
});

test("a state that is far too long is torn, and one that may not be read is no reason to begin anew", async () => {
  const { fs, now } = await twice();
  const start = new Map(now()).set(newest, Buffer.alloc(5_000_000));
  expect((await openState({ fs: createCrashDisk({ start }).fs, folder })).found).toBe("before");
  const denied = Object.assign(new Error("denied"), { code: "EACCES" });
  const read = () => Promise.reject(denied);
  await expect(openState({ fs: { ...fs, read }, folder })).rejects.toBe(denied);
  const broken = Object.assign(new Error("broken"), { code: "EIO" });
  const store = await openState({ fs: { ...fs, read: () => Promise.reject(broken) }, folder });
  expect(store.found).toBe("lost");
});

test("a closed state takes no more changes, and closes twice", async () => {
  const { fs } = createCrashDisk();
  const store = await openState({ fs, folder });
  const last = store.change(withFloor(1));
  await store[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  expect((await last).generation).toBe(1);
  await expect(store.change(withFloor(2))).rejects.toMatchObject({ code: "draining" });
});

function throwIt(error: Error): never {
  throw error;
}
