import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { expectOnlyOld, folder, oldFile, text } from "./blob-files.ts";
import type { BlobHolds, BlobSubject } from "./blob-subject.ts";
import { rangesHold, versionsHold } from "./blob-versions-contract.ts";

export type BlobStoreContract = {
  readonly name: string;
  /** A fresh, empty store. */
  readonly open: () => Promise<BlobSubject>;
};

const { signal } = new AbortController();
const maxBytes = 1_048_576;
const words = new TextEncoder().encode("one model");

/** What every store of blobs holds to, wherever it keeps them. */
export function describeBlobStore({ name, open }: BlobStoreContract): void {
  const holds: BlobHolds = (behaviour, prove) => {
    test(behaviour, async () => {
      const subject = await open();
      onTestFinished(() => subject.store.close());
      await prove(subject);
    });
  };
  describe(name, () => {
    describe("bytes", () => bytesHold(holds));
    describe("files", () => filesHold(holds));
    describe("ranges", () => rangesHold(holds));
    describe("versions", () => versionsHold(holds));
    describe("lists", () => listsHold(holds));
    describe("keys", () => keysHold(holds));
    describe("calls", () => callsHold(holds));
  });
}

function bytesHold(holds: BlobHolds): void {
  holds("reads the bytes that were written, whatever they are", async ({ store }) => {
    const bytes = Uint8Array.from({ length: 70_000 }, (_, place) => (place * 31) % 256);
    const written = await store.write("a/b.bin", bytes, { signal });
    const read = await store.read("a/b.bin", { signal, maxBytes });
    expect(Buffer.compare(read.bytes, bytes)).toBe(0);
    expect(written).toEqual({ bytes: 70_000, sha256: sha256(bytes), version: read.version });
  });

  holds("keeps a blob of no bytes", async ({ store }) => {
    await store.write("empty", new Uint8Array(), { signal });
    expect((await store.read("empty", { signal, maxBytes: 0 })).bytes.byteLength).toBe(0);
  });

  holds("puts the new bytes in the place of the old", async ({ store }) => {
    await store.write("k", words, { signal });
    await store.write("k", new Uint8Array([1]), { signal });
    expect([...(await store.read("k", { signal, maxBytes })).bytes]).toEqual([1]);
  });

  holds("takes a blob of just as many bytes as are allowed, and refuses one byte more", async ({ store }) => {
    await store.write("k", words, { signal });
    expect((await store.read("k", { signal, maxBytes: 9 })).bytes.byteLength).toBe(9);
    await expect(store.read("k", { signal, maxBytes: 8 })).rejects.toMatchObject({ code: "blob_invalid" });
  });

  holds("says of a blob that is not there that it is missing, and where", async ({ store }) => {
    await expect(store.read("no/such", { signal, maxBytes })).rejects.toMatchObject({
      code: "blob_missing",
      message: expect.stringContaining("no/such in "),
    });
  });

  holds("deletes a blob, and what is gone already without a word", async ({ store }) => {
    await store.write("a/k", words, { signal });
    await store.delete("a/k", { signal });
    await store.delete("a/k", { signal });
    await expect(store.read("a/k", { signal, maxBytes })).rejects.toMatchObject({ code: "blob_missing" });
  });

  holds("is not changed by what a writer does to its bytes meanwhile", async ({ store }) => {
    const mine = Uint8Array.from(words);
    const writing = store.write("k", mine, { signal });
    mine.fill(0);
    await writing;
    expect(Buffer.from((await store.read("k", { signal, maxBytes })).bytes).toString()).toBe("one model");
  });
}

function filesHold(holds: BlobHolds): void {
  holds("downloads a blob to a file, and says its size, digest and version", async ({ store }) => {
    const bytes = Buffer.alloc(700_000, "model");
    const { version } = await store.write("m/model.onnx", bytes, { signal });
    const path = join(await folder(), "model.onnx");
    const options = { signal, maxBytes, version, sha256: sha256(bytes).toUpperCase() };
    expect(await store.download("m/model.onnx", path, options)).toEqual({
      bytes: 700_000,
      sha256: sha256(bytes),
      version,
    });
    expect((await readFile(path)).equals(bytes)).toBe(true);
  });

  holds("uploads a file larger than what is kept in memory", async ({ store }) => {
    const bytes = Buffer.alloc(9 * 1_048_576, "0123456789abcdef");
    const path = join(await folder(), "large");
    await writeFile(path, bytes);
    const written = await store.write("large", { file: path }, { signal });
    expect(written).toMatchObject({ bytes: bytes.length, sha256: sha256(bytes) });
    const read = await store.read("large", { signal, maxBytes: bytes.length, version: written.version });
    expect(Buffer.compare(read.bytes, bytes)).toBe(0);
  });

  holds("leaves nothing of a blob with another digest, and the old file as it was", async ({ store }) => {
    await store.write("k", words, { signal });
    const path = await oldFile();
    const download = store.download("k", path, { signal, maxBytes, sha256: sha256(Buffer.from("other")) });
    await expect(download).rejects.toMatchObject({ code: "blob_invalid" });
    await expectOnlyOld(path);
  });

  holds("leaves nothing of a blob that is too large or missing", async ({ store }) => {
    await store.write("k", words, { signal });
    const path = await oldFile();
    const large = store.download("k", path, { signal, maxBytes: 8 });
    await expect(large).rejects.toMatchObject({ code: "blob_invalid" });
    const missing = store.download("none", path, { signal, maxBytes });
    await expect(missing).rejects.toMatchObject({ code: "blob_missing" });
    await expectOnlyOld(path);
  });

  holds("says of a place that cannot be written that it is the folder's fault", async ({ store }) => {
    await store.write("k", words, { signal });
    const path = join(await folder(), "not", "there");
    await expect(store.download("k", path, { signal, maxBytes })).rejects.toMatchObject({
      code: "folder_unusable",
    });
  });

  holds("refuses to upload what is no file", async ({ store }) => {
    const path = await folder();
    for (const file of [path, join(path, "none")]) {
      await expect(store.write("k", { file }, { signal })).rejects.toMatchObject({ code: "blob_invalid" });
    }
    expect(await store.list("", { signal })).toEqual([]);
  });

  holds("refuses a digest that is none before it asks", async ({ store }) => {
    const download = store.download("k", "/nowhere", { signal, maxBytes, sha256: "abc" });
    await expect(download).rejects.toMatchObject({ code: "blob_invalid", message: /64 hex digits/ });
  });
}

function listsHold(holds: BlobHolds): void {
  holds(
    "lists every blob of a folder and below, in order, over as many pages as it takes",
    async ({ store }) => {
      const keys = ["b/1/x", "b/10", "b/2", "b/2.y", "b/ä", "b/3", "b/4"];
      for (const key of [...keys, "a", "ba", "c/b/1"]) await store.write(key, words, { signal });
      const entries = await store.list("b/", { signal });
      expect(entries.map(({ key }) => key)).toEqual([...keys].sort());
      expect(entries.every(({ bytes }) => bytes === 9)).toBe(true);
      expect(entries.every(({ modifiedAt }) => modifiedAt > 1_600_000_000_000)).toBe(true);
    },
  );

  holds("lists nothing where nothing is", async ({ store }) => {
    expect(await store.list("", { signal })).toEqual([]);
    expect(await store.list("none/", { signal })).toEqual([]);
  });

  holds("passes over what no key can name", async ({ store, plant }) => {
    await store.write("m/model.onnx", words, { signal });
    await plant("m/.hidden", words);
    await plant("m/.d/hidden", words);
    await plant("m/a:b", words);
    expect((await store.list("", { signal })).map(({ key }) => key)).toEqual(["m/model.onnx"]);
  });

  holds("lists as many blobs as it may, and not one more", async ({ store }) => {
    for (const key of ["a", "b/c", "d", "e"]) await store.write(key, words, { signal });
    expect(await store.list("", { signal, maxEntries: 4 })).toHaveLength(4);
    const list = store.list("", { signal, maxEntries: 3 });
    await expect(list).rejects.toMatchObject({ code: "blob_invalid" });
  });

  for (const prefix of ["b", "/", "../", "b//", "./", "b/../c/"]) {
    holds(`refuses to list ${prefix}`, async ({ store }) => {
      await expect(store.list(prefix, { signal })).rejects.toMatchObject({ code: "blob_invalid" });
    });
  }
}

function keysHold(holds: BlobHolds): void {
  holds("tells keys apart that only careless encoding would mix up", async ({ store }) => {
    const keys = ["a b", "a+b", "a_b", "ä", "日本/語", "k(a)=@,~-b.c", "A b"];
    for (const [place, key] of keys.entries()) await store.write(key, new Uint8Array([place]), { signal });
    const read = await Promise.all(keys.map((key) => store.read(key, { signal, maxBytes })));
    expect(read.map(({ bytes }) => bytes[0])).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect((await store.list("", { signal })).map(({ key }) => key)).toEqual([...keys].sort());
  });

  for (const key of ["", "/a", "a/../b", ".hidden", "a\0b", "a%2e", `${"a/".repeat(512)}b`]) {
    holds(`refuses the key ${JSON.stringify(key).slice(0, 24)} in every call`, async ({ store }) => {
      const invalid = { code: "blob_invalid" };
      await expect(store.read(key, { signal, maxBytes })).rejects.toMatchObject(invalid);
      await expect(store.readRange(key, { signal, start: 0, end: 1 })).rejects.toMatchObject(invalid);
      await expect(store.download(key, "/nowhere", { signal, maxBytes })).rejects.toMatchObject(invalid);
      await expect(store.write(key, words, { signal })).rejects.toMatchObject(invalid);
      await expect(store.delete(key, { signal })).rejects.toMatchObject(invalid);
    });
  }
}

function callsHold(holds: BlobHolds): void {
  holds("does nothing for a caller who has left", async ({ store }) => {
    const left = { signal: AbortSignal.abort(new Error("left")) };
    await expect(store.write("k", words, left)).rejects.toThrow("left");
    await expect(store.read("k", { ...left, maxBytes })).rejects.toThrow("left");
    await expect(store.delete("k", left)).rejects.toThrow("left");
    await expect(store.list("", left)).rejects.toThrow("left");
    expect(await store.list("", { signal })).toEqual([]);
  });

  holds("gives up a download with its signal and leaves nothing behind", async ({ store }) => {
    await store.write("k", Buffer.alloc(700_000), { signal });
    const path = await oldFile();
    const leaving = new AbortController();
    const download = store.download("k", path, { signal: leaving.signal, maxBytes });
    leaving.abort(new Error("left"));
    await expect(download).rejects.toThrow("left");
    await expectOnlyOld(path);
  });

  holds("answers many callers at once", async ({ store }) => {
    const places = Array.from({ length: 20 }, (_, place) => place);
    await Promise.all(places.map((place) => store.write(`k${place}`, new Uint8Array([place]), { signal })));
    const read = await Promise.all(places.map((place) => store.read(`k${place}`, { signal, maxBytes })));
    expect(read.map(({ bytes }) => bytes[0])).toEqual(places);
  });

  holds("closes twice, and refuses whoever comes later", async ({ store }) => {
    await store.close();
    await store.close();
    const closed = { code: "blob_unavailable", message: expect.stringContaining("closed") };
    await expect(store.read("k", { signal, maxBytes })).rejects.toMatchObject(closed);
    await expect(store.list("", { signal })).rejects.toMatchObject(closed);
    await expect(store.write("k", words, { signal })).rejects.toMatchObject(closed);
    await expect(store.delete("k", { signal })).rejects.toMatchObject(closed);
  });

  holds("ends what is under way when it closes", async ({ store }) => {
    await store.write("k", Buffer.alloc(700_000), { signal });
    const { body } = await store.readRange("k", { start: 0, end: 700_000, signal });
    await store.close();
    await expect(text(body)).rejects.toMatchObject({ code: "blob_unavailable" });
  });
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
