import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { foreignCode, isMissing } from "#edge/store/foreign-code.ts";
import { openDisk } from "#edge/store/open-disk.ts";
import { writeWhole } from "#edge/store/write-whole.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

const disk = openDisk();
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tradewind-disk-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("what is written as a whole is read back, is its owner's alone and leaves nothing beside it", async () => {
  const path = join(folder, "a.json");
  await writeWhole(disk, path, Buffer.from("first"));
  await writeWhole(disk, path, Buffer.from("2nd"));
  expect(Buffer.from(await disk.read(path, { maxBytes: 3 })).toString()).toBe("2nd");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await disk.list(folder)).toEqual(["a.json"]);
});

test("what is not there is said in the system's word, and is as good as removed", async () => {
  const missing = join(folder, "none");
  const answers = [
    disk.read(missing, { maxBytes: 1 }),
    disk.rename(missing, `${missing}.b`),
    disk.open(missing, { readOnly: true }),
  ];
  for (const end of await Promise.allSettled(answers)) {
    expect(end.status === "rejected" && isMissing(end.reason)).toBe(true);
  }
  expect([await disk.size(missing), await disk.list(missing)]).toEqual([undefined, []]);
  await disk.remove(missing);
});

test("a file of more bytes than were asked for is refused", async () => {
  const path = join(folder, "long");
  await writeFile(path, "12345");
  const read = disk.read(path, { maxBytes: 4 });
  await expect(read).rejects.toMatchObject({
    code: "folder_unusable",
    message: expect.stringContaining("EFBIG"),
  });
});

test("a file is read and written piece by piece, cut and closed twice", async () => {
  const path = join(folder, "pieces");
  const file = await disk.open(path);
  await file.writeAt(3, Buffer.from("def"));
  await file.writeAt(0, Buffer.from("abc"));
  expect(Buffer.from(await file.readAt(2, 99)).toString()).toBe("cdef");
  await file.truncate(2);
  await file.sync();
  await file.close();
  await file.close();
  expect(await disk.size(path)).toBe(2);
  await (await disk.open(path, { truncate: true })).close();
  expect(await disk.size(path)).toBe(0);
});

test("folders are made with those above them, synced, and removed with what is in them", async () => {
  const inner = join(folder, "a/b/c");
  await disk.makeFolder(inner);
  await writeFile(join(inner, "x"), "");
  await disk.syncFolder(inner);
  await disk.remove(join(folder, "a"));
  expect(await disk.list(folder)).toEqual([]);
  expect(await disk.freeBytes(folder)).toBeGreaterThan(0);
});

test("what stands in the way of a file is ours to say, with the system's word behind it", async () => {
  const path = join(folder, "a");
  await mkdir(path);
  const error: unknown = await disk.read(path, { maxBytes: 9_999 }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TradewindError);
  expect([(error as TradewindError).code, foreignCode(error)]).toEqual(["folder_unusable", "EISDIR"]);
});
