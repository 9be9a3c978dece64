import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type BlobSourceOptions, openBlobSource } from "#inference/models/repository/blob-source.ts";
import type { FetchedModel, ModelSource } from "#inference/models/repository/model-source.ts";
import { openBlobs } from "#infra/runtime/blobs/open-blobs.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "blobs-"));
});
afterEach(() => rm(root, { recursive: true }));

const { signal } = new AbortController();
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const cached = (): Promise<string[]> => readdir(join(root, "cache")).catch(() => []);

/** A bucket in memory: blobs by key, each with a version that changes with every write. */
function createBucket(start: Readonly<Record<string, string>> = {}) {
  const blobs = new Map<string, { text: string; version: string }>();
  const bucket = {
    downloads: [] as string[],
    /** Bytes after which a download breaks off. */
    breakAt: Number.POSITIVE_INFINITY,
    put: (key: string, text: string) => {
      blobs.set(key, { text, version: `${Number(blobs.get(key)?.version ?? 0) + 1}` });
    },
    delete: (key: string) => blobs.delete(key),
  };
  const get = (key: string, version: string | undefined): string => {
    const blob = blobs.get(key);
    if (!blob || (version !== undefined && version !== blob.version)) {
      throw new TradewindError("blob_missing", `this version of ${key} is gone`);
    }
    return blob.text;
  };
  const store: BlobSourceOptions["blobs"] = {
    list: async (folder) =>
      [...blobs]
        .filter(([key]) => key.startsWith(folder))
        .map(([key, { text, version }]) => ({ key, bytes: Buffer.byteLength(text), version, modifiedAt: 0 })),
    read: async (key, { version }) => {
      return { bytes: Buffer.from(get(key, version)), version: version ?? "" };
    },
    download: async (key, path, { version, maxBytes }) => {
      bucket.downloads.push(key);
      const text = get(key, version);
      expect(text.length).toBeLessThanOrEqual(maxBytes);
      await writeFile(path, text.slice(0, bucket.breakAt));
      if (text.length > bucket.breakAt) throw new TradewindError("blob_unavailable", "the line broke");
      return { bytes: text.length, sha256: sha256(text), version: version ?? "" };
    },
  };
  for (const [key, text] of Object.entries(start)) bucket.put(key, text);
  return { ...bucket, bucket, store };
}

function open(blobs: BlobSourceOptions["blobs"], maxBytes = 1_000_000): ModelSource {
  return openBlobSource({ blobs, cache: join(root, "cache"), maxBytes });
}

async function fetch(
  source: ModelSource,
  model: string,
  pins?: Readonly<Record<string, string>>,
): Promise<FetchedModel> {
  const [listing] = await source.list({ signal, model });
  const version = listing?.versions.at(-1);
  if (!version) throw new Error(`no version of ${model} listed`);
  return await source.fetch(model, version, { signal, pins });
}

test("a bucket lists models with their versions, and whatever else lies in it is left alone", async () => {
  const { store } = createBucket({
    "b/10/model.onnx": "",
    "b/9/model.onnx": "",
    "b/11/other.onnx": "",
    "b/08/model.onnx": "",
    "b/model.yaml": "max_batch_size: 2",
    "a/1/model.onnx": "",
    "a/1/.hidden": "",
    "a/1/../../escape": "",
    "README.md": "",
    "reports/2024/summary.pdf": "",
    "spaced name/1/model.onnx": "",
    "empty/model.yaml": "",
  });
  const source = open(store);
  const listings = await source.list({ signal });
  const shape = listings.map(({ name, versions, problem }) => [
    name,
    versions.map(({ version }) => version).join(),
    problem?.slice(0, 30),
  ]);
  expect(shape).toEqual([
    ["b", "9,10", undefined],
    ["a", "1", undefined],
    ["spaced name", "", "this cannot be a model's name:"],
    ["empty", "", "it has no <version>/model.onnx"],
  ]);
  expect(listings[1]?.versions[0]?.files.map(({ path }) => path)).toEqual(["model.onnx"]);
  const [b] = listings;
  if (!b) throw new Error("unreachable");
  expect(await source.readSettings(b, { signal })).toEqual({
    text: "max_batch_size: 2",
    file: "b/model.yaml",
  });
  expect(await source.list({ signal, model: "../b" })).toEqual([]);
});

test("a bucket of more models than anybody serves is refused", async () => {
  const { store, put } = createBucket();
  for (let model = 0; model <= 1_000; model += 1) put(`m${model}/1/model.onnx`, "");
  await expect(open(store).list({ signal })).rejects.toThrow("more than 1000 models");
});

test("all files of a version are downloaded once, and used by everybody who asks", async () => {
  const { store, bucket } = createBucket({ "a/1/model.onnx": "graph", "a/1/w/model.onnx.data": "weights" });
  const source = open(store);
  const [one, two] = await Promise.all([fetch(source, "a"), fetch(source, "a")]);
  expect(one.file).toEqual(two.file);
  expect(await readFile(one.file.path, "utf8")).toBe("graph");
  expect(await readFile(join(dirname(one.file.path), "w/model.onnx.data"), "utf8")).toBe("weights");
  expect(bucket.downloads.sort()).toEqual(["a/1/model.onnx", "a/1/w/model.onnx.data"]);
});

test("a changed object is another stamp and another folder, while the old one stays with those who use it", async () => {
  const { store, put } = createBucket({ "a/1/model.onnx": "old" });
  const source = open(store);
  const old = await fetch(source, "a");
  put("a/1/model.onnx", "new");
  const fresh = await fetch(source, "a");
  expect(await readFile(old.file.path, "utf8")).toBe("old");
  expect(await readFile(fresh.file.path, "utf8")).toBe("new");
  await old[Symbol.asyncDispose]();
  await source.tidy();
  expect(await cached()).toHaveLength(1);
  expect(await readFile(fresh.file.path, "utf8")).toBe("new");
});

test("an object that was replaced after the listing is not loaded in the listed one's name", async () => {
  const { store, put } = createBucket({ "a/1/model.onnx": "old" });
  const source = open(store);
  const [listing] = await source.list({ signal });
  const version = listing?.versions[0];
  if (!version) throw new Error("unreachable");
  put("a/1/model.onnx", "new");
  await expect(source.fetch("a", version, { signal, pins: undefined })).rejects.toMatchObject({
    code: "blob_missing",
  });
  expect(await cached()).toEqual([]);
});

test("a download that breaks off leaves nothing that could be loaded, and the next one succeeds", async () => {
  const { store, bucket } = createBucket({ "a/1/model.onnx": "graph", "a/1/z.data": "weights" });
  const source = open(store);
  bucket.breakAt = 6;
  await expect(fetch(source, "a")).rejects.toMatchObject({ code: "blob_unavailable" });
  expect(await cached()).toEqual([]);
  bucket.breakAt = Number.POSITIVE_INFINITY;
  const fetched = await fetch(source, "a");
  expect(await readFile(fetched.file.path, "utf8")).toBe("graph");
});

test("what a process held to its end the next one finds without a download, unless it was spoilt", async () => {
  const { store, bucket } = createBucket({ "a/1/model.onnx": "graph" });
  await fetch(open(store), "a");
  const again = await fetch(open(store), "a");
  expect(bucket.downloads).toHaveLength(1);
  await writeFile(again.file.path, "gra");
  await fetch(open(store), "a");
  expect(bucket.downloads).toHaveLength(2);
  await open(store).tidy();
  expect(await cached()).toEqual([]);
});

test("a pinned object with other bytes is refused, also when the cache has them", async () => {
  const { store } = createBucket({ "a/1/model.onnx": "graph", "a/1/planted.data": "x" });
  await using fetched = await fetch(open(store), "a", { "model.onnx": sha256("graph") });
  expect(await readdir(dirname(fetched.file.path))).toEqual(["model.onnx"]);
  await writeFile(fetched.file.path, "GRAPH");
  await using repaired = await fetch(open(store), "a", { "model.onnx": sha256("graph") });
  expect(await readFile(repaired.file.path, "utf8")).toBe("graph");
  await expect(fetch(open(store), "a", { "model.onnx": sha256("other") })).rejects.toMatchObject({
    code: "model_unusable",
    message: expect.stringContaining(
      `${sha256("graph").slice(0, 12)}..., pinned is ${sha256("other").slice(0, 12)}`,
    ),
  });
});

test("the hash object beside a model is honoured in a bucket too", async () => {
  const { store, put } = createBucket({
    "a/1/model.onnx": "graph",
    "a/1/model.onnx.sha256": `${sha256("graph")}  model.onnx\n`,
  });
  await using fetched = await fetch(open(store), "a");
  expect(fetched.file.version).toBe("1");
  put("a/1/model.onnx", "swapped");
  await expect(fetch(open(store), "a")).rejects.toThrow("has SHA-256");
});

test("a version of too many bytes or too many objects is refused before anything is downloaded", async () => {
  const { store, bucket, put } = createBucket({ "a/1/model.onnx": "x".repeat(101) });
  await expect(fetch(open(store, 100), "a")).rejects.toThrow("larger than 100 bytes");
  for (let file = 0; file < 300; file += 1) put(`b/1/${file}.data`, "");
  put("b/1/model.onnx", "");
  await expect(fetch(open(store), "b")).rejects.toThrow("more than 256 files");
  expect(bucket.downloads).toEqual([]);
});

test("the blobs of a real folder are a source as good as any", async () => {
  const file = join(root, "store", "a", "3", "model.onnx");
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, "graph");
  await writeFile(join(root, "store", "a", "model.yaml"), "max_batch_size: 2");
  await using blobs = await openBlobs(join(root, "store"));
  const source = open(blobs);
  const [listing] = await source.list({ signal });
  if (!listing) throw new Error("nothing listed");
  expect((await source.readSettings(listing, { signal })).text).toBe("max_batch_size: 2");
  await using fetched = await fetch(source, "a");
  expect(fetched.file).toMatchObject({ name: "a", version: "3" });
  expect(await readFile(fetched.file.path, "utf8")).toBe("graph");
});
