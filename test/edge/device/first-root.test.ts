import { hash } from "node:crypto";
import { expect, test } from "vitest";
import { expectRoot, fetchFirstRoot, keepFirstRoot, readFirstRoot } from "#edge/device/first-root.ts";
import { createFakeOrigin } from "#test/support/edge/fake-origin.ts";
import { createMemoryDisk } from "#test/support/edge/memory-disk.ts";

const root = Buffer.from('{"signed":{"_type":"root","version":1}}');
const path = "/device/trust/root.json";
const { signal } = new AbortController();

test.each(["", "\0\0\0", root.subarray(0, 20).toString()])(
  "a first root that the disk has as %j is fetched again, and only the one that was expected is taken",
  async (torn) => {
    const place = { fs: createMemoryDisk(), folder: "/device" };
    await expectRoot(place, hash("sha256", root, "hex"));
    await fetchFirstRoot(place, { origins: [createFakeOrigin(root)], signal });
    expect(await readFirstRoot(place)).toEqual(root);
    place.fs.files.set(path, Buffer.from(torn));
    expect(await readFirstRoot(place)).toBeUndefined();
    const other = fetchFirstRoot(place, { origins: [createFakeOrigin(Buffer.from("{}"))], signal });
    await expect(other).rejects.toMatchObject({ code: "repository_refused" });
    await fetchFirstRoot(place, { origins: [createFakeOrigin(root)], signal });
    expect(await readFirstRoot(place)).toEqual(root);
  },
);

test("a first root that came with the device is known again by its hash, and nothing takes its place", async () => {
  const place = { fs: createMemoryDisk(), folder: "/device" };
  await keepFirstRoot(place, root);
  await keepFirstRoot(place, Buffer.from("{}"));
  await expectRoot(place, "0".repeat(64));
  expect(await readFirstRoot(place)).toEqual(root);
  place.fs.files.set(path, Buffer.from("torn"));
  await keepFirstRoot(place, root);
  expect(await readFirstRoot(place)).toEqual(root);
});

test("a root whose hash nobody kept is taken as it lies there", async () => {
  const place = { fs: createMemoryDisk(), folder: "/device" };
  place.fs.files.set(path, root);
  expect(await readFirstRoot(place)).toEqual(root);
});
