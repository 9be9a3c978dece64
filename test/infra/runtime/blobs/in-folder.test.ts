import { execFileSync } from "node:child_process";
import { mkdir, readdir, rename, symlink, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import type { BlobStore } from "#infra/runtime/blobs/blob-store.ts";
import { openBlobs } from "#infra/runtime/blobs/open-blobs.ts";
import { folder, text } from "#test/support/blob-files.ts";
import { describeBlobStore } from "#test/support/blob-store-contract.ts";

const { signal } = new AbortController();
const maxBytes = 1_048_576;
const missing = { code: "blob_missing" };

describeBlobStore({
  name: "blobs in a folder",
  open: async () => {
    const root = await folder();
    return {
      store: await openBlobs(root),
      plant: async (name, bytes) => {
        await mkdir(dirname(join(root, name)), { recursive: true });
        await writeFile(join(root, name), bytes);
      },
    };
  },
});

test("no link leads a reader or a writer out of the folder of blobs", async () => {
  const [root, outside] = [await folder(), await folder()];
  await writeFile(join(outside, "secret"), "secret");
  await symlink(join(outside, "secret"), join(root, "link"));
  await symlink(outside, join(root, "door"));
  const store = await open(root);
  for (const key of ["link", "door/secret"]) {
    await expect(store.read(key, { signal, maxBytes })).rejects.toMatchObject(missing);
    await store.delete(key, { signal });
  }
  await expect(store.write("door/new", new Uint8Array(1), { signal })).rejects.toMatchObject({
    code: "blob_invalid",
  });
  expect(await store.list("", { signal })).toEqual([]);
  expect(await store.list("door/", { signal })).toEqual([]);
  expect(await readdir(outside)).toEqual(["secret"]);
});

test("writing where a link is replaces the link, not what it leads to", async () => {
  const [root, outside] = [await folder(), await folder()];
  await writeFile(join(outside, "kept"), "kept");
  await symlink(join(outside, "kept"), join(root, "k"));
  const store = await open(root);
  await store.write("k", Buffer.from("mine"), { signal });
  expect(Buffer.from((await store.read("k", { signal, maxBytes })).bytes).toString()).toBe("mine");
  const other = await open(outside);
  expect(Buffer.from((await other.read("kept", { signal, maxBytes })).bytes).toString()).toBe("kept");
});

test("a folder of blobs may itself be reached by a link or a file URL", async () => {
  const root = await folder();
  await writeFile(join(root, "k"), "x");
  const link = join(await folder(), "link");
  await symlink(root, link);
  for (const place of [link, pathToFileURL(root).href]) {
    const store = await open(place);
    expect((await store.list("", { signal })).map(({ key }) => key)).toEqual(["k"]);
  }
});

test("what is no file is no blob, and keeps nobody waiting", async () => {
  const root = await folder();
  await mkdir(join(root, "folder"));
  execFileSync("mkfifo", [join(root, "pipe")]);
  const store = await open(root);
  for (const key of ["folder", "pipe", "folder/x/y"]) {
    await expect(store.read(key, { signal, maxBytes })).rejects.toMatchObject(missing);
  }
  expect(await store.list("", { signal })).toEqual([]);
});

test("a key may not go on where another ends, in a folder", async () => {
  const store = await open(await folder());
  await store.write("a/b", new Uint8Array(1), { signal });
  for (const key of ["a", "a/b/c"]) {
    const write = store.write(key, new Uint8Array(1), { signal });
    await expect(write).rejects.toMatchObject({ code: "blob_invalid", message: /in the way/ });
  }
  expect((await store.list("", { signal })).map(({ key }) => key)).toEqual(["a/b"]);
});

test("a file that was moved into place is another version, though its size and time are the old one's", async () => {
  const root = await folder();
  const time = new Date(1_700_000_000_000);
  const [at, beside] = [join(root, "k"), join(root, ".next")];
  for (const [path, content] of [
    [at, "old"],
    [beside, "new"],
  ] as const) {
    await writeFile(path, content);
    await utimes(path, time, time);
  }
  const store = await open(root);
  const { version } = await store.read("k", { signal, maxBytes });
  await rename(beside, at);
  await expect(store.read("k", { signal, maxBytes, version })).rejects.toMatchObject(missing);
  const [entry] = await store.list("", { signal });
  expect([entry?.modifiedAt, entry?.version === version]).toEqual([time.getTime(), false]);
});

test("a reader of a file that is replaced by renaming reads the old one to its end", async () => {
  const root = await folder();
  const store = await open(root);
  await store.write("k", Buffer.alloc(900_000, "old"), { signal });
  const { body } = await store.readRange("k", { start: 0, end: 900_000, signal });
  await store.write("k", Buffer.alloc(900_000, "new"), { signal });
  expect(await text(body)).toBe(Buffer.alloc(900_000, "old").toString());
});

test("a reader of a file that somebody writes into is told at its end", async () => {
  const root = await folder();
  const store = await open(root);
  await store.write("k", Buffer.alloc(900_000), { signal });
  const { body } = await store.readRange("k", { start: 0, end: 900_000, signal });
  await writeFile(join(root, "k"), Buffer.alloc(900_000, 1));
  await expect(text(body)).rejects.toMatchObject({ code: "blob_unavailable", message: /changed while/ });
});

test("an aborted write leaves the folder of blobs as it was", async () => {
  const root = await folder();
  const store = await open(root);
  const leaving = new AbortController();
  const write = store.write("k", Buffer.alloc(4_000_000), { signal: leaving.signal });
  leaving.abort(new Error("left"));
  await expect(write).rejects.toThrow("left");
  await expect.poll(() => readdir(root)).toEqual([]);
});

test("a folder of many things that are no blobs is not looked through without end", async () => {
  const root = await folder();
  for (let place = 0; place < 31; place += 1) await mkdir(join(root, `empty-${place}`));
  const store = await open(root);
  const list = store.list("", { signal, maxEntries: 2 });
  await expect(list).rejects.toMatchObject({ code: "blob_invalid", message: /no blob/ });
  expect(await store.list("", { signal, maxEntries: 4 })).toEqual([]);
});

test("a folder of blobs that is not there, or is a file, is refused by its name", async () => {
  const root = await folder();
  await writeFile(join(root, "file"), "");
  for (const path of [join(root, "none"), join(root, "file")]) {
    await expect(openBlobs(path)).rejects.toMatchObject({
      code: "folder_unusable",
      message: expect.stringContaining(path),
    });
  }
});

async function open(place: string): Promise<BlobStore> {
  const store = await openBlobs(place);
  onTestFinished(() => store.close());
  return store;
}
