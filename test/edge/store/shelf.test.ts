import { expect, test } from "vitest";
import { clearShelf } from "#edge/store/clear-shelf.ts";
import { emptyModel, emptyState } from "#edge/store/device-state.ts";
import { openShelf, type Shelf } from "#edge/store/shelf.ts";
import { createCrashDisk } from "#test/support/edge/crash-disk.ts";
import { type SmallRelease, smallRelease } from "#test/support/edge/small-release.ts";

const folder = "/data";
const { signal } = new AbortController();
const [one, two] = [smallRelease(1), smallRelease(2)];

async function fetched(disk: ReturnType<typeof createCrashDisk>, shelf: Shelf, release: SmallRelease) {
  const path = await shelf.prepare(release.artefact.sha256, { signal });
  await (await disk.fs.open(path)).writeAt(0, release.bytes);
  return path;
}

async function shelfWith(...releases: readonly SmallRelease[]) {
  const disk = createCrashDisk();
  const shelf = openShelf({ fs: disk.fs, folder });
  for (const { artefact, golden, ...release } of releases) {
    await fetched(disk, shelf, { artefact, golden, ...release });
    await shelf.put({ artefact, golden }, { signal });
  }
  return { disk, shelf };
}

test("what was put on the shelf is found, whole, with all that was signed of it", async () => {
  const { disk, shelf } = await shelfWith(one);
  const { sha256 } = one.artefact;
  expect(await shelf.find(sha256)).toMatchObject({ sha256, about: one.artefact.about });
  expect((await shelf.list()).length).toBe(1);
  expect(await shelf.verify(sha256, { signal })).toBe(true);
  expect(Buffer.from(await shelf.readGolden(sha256))).toEqual(one.golden);
  expect(await disk.fs.size(shelf.modelPath(sha256))).toBe(one.bytes.length);
  expect(await shelf.verify(two.artefact.sha256, { signal })).toBe(false);
});

test("a file that is not the signed one is not put there, and stays to be repaired", async () => {
  const disk = createCrashDisk();
  const shelf = openShelf({ fs: disk.fs, folder });
  const { artefact, golden } = one;
  await expect(shelf.put({ artefact, golden }, { signal })).rejects.toMatchObject({
    code: "repository_refused",
  });
  const path = await fetched(disk, shelf, { ...one, bytes: two.bytes });
  await expect(shelf.put({ artefact, golden }, { signal })).rejects.toMatchObject({
    code: "repository_refused",
  });
  expect([await shelf.find(artefact.sha256), await disk.fs.size(path)]).toEqual([
    undefined,
    two.bytes.length,
  ]);
});

test("a file that went bad is noticed, laid open for its repair and put back", async () => {
  const { disk, shelf } = await shelfWith(one);
  const { artefact, golden, bytes } = one;
  await (await disk.fs.open(shelf.modelPath(artefact.sha256))).writeAt(3, Buffer.from([0]));
  expect(await shelf.verify(artefact.sha256, { signal })).toBe(false);
  const path = await shelf.prepare(artefact.sha256, { signal });
  expect(await disk.fs.size(path)).toBe(bytes.length);
  expect(await shelf.find(artefact.sha256)).toBeUndefined();
  await (await disk.fs.open(path)).writeAt(3, bytes.subarray(3, 4));
  await shelf.put({ artefact, golden }, { signal });
  expect(await shelf.verify(artefact.sha256, { signal })).toBe(true);
});

test("golden images that went bad are noticed, and so is a file that is shorter than it was", async () => {
  const { disk, shelf } = await shelfWith(one, two);
  await (await disk.fs.open(`/data/models/${one.artefact.sha256}/golden.json`)).writeAt(0, Buffer.from("G"));
  expect(await shelf.verify(one.artefact.sha256, { signal })).toBe(false);
  await (await disk.fs.open(shelf.modelPath(two.artefact.sha256))).truncate(5);
  expect(await shelf.find(two.artefact.sha256)).toBeUndefined();
});

test("a file that is put twice is there once, and one that is in order is not laid open", async () => {
  const { shelf } = await shelfWith(one, one);
  await shelf.prepare(one.artefact.sha256, { signal });
  expect((await shelf.list()).length).toBe(1);
});

test("only what the state points at and what is wanted stays", async () => {
  const three = smallRelease(3);
  const { disk, shelf } = await shelfWith(one, two, three);
  const models = { "digits-n": { ...emptyModel, active: two.slot } };
  const store = { state: { ...emptyState, models } };
  const stranger = await disk.fs.open("/data/models/lost+found");
  await stranger.close();
  expect(await clearShelf({ shelf, store }, [three.artefact.sha256])).toEqual([one.artefact.sha256]);
  expect(await disk.fs.list("/data/models")).toEqual(
    [two.artefact.sha256, three.artefact.sha256, "lost+found"].sort(),
  );
});

test("a fetch begins only with a tenth more room than it still needs", async () => {
  let free = 109;
  const disk = createCrashDisk({ freeBytes: () => free });
  const shelf = openShelf({ fs: disk.fs, folder });
  const { sha256 } = one.artefact;
  await expect(shelf.roomFor({ sha256, bytes: 100 })).rejects.toMatchObject({ code: "disk_full" });
  free = 110;
  await shelf.roomFor({ sha256, bytes: 100 });
  await fetched(disk, shelf, one);
  await shelf.roomFor({ sha256, bytes: 100 + one.bytes.length });
});

test("nothing is asked of the shelf that is not a hash", async () => {
  const { shelf } = await shelfWith();
  expect(() => shelf.modelPath("../keys")).toThrow(/hash/);
});

test("a check that is called off ends there", async () => {
  const { shelf } = await shelfWith(one);
  const called = AbortSignal.abort(new Error("called off"));
  await expect(shelf.verify(one.artefact.sha256, { signal: called })).rejects.toThrow("called off");
});
