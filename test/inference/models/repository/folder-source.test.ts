import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openFileSource } from "#inference/models/repository/file-source.ts";
import { openFolderSource } from "#inference/models/repository/folder-source.ts";
import type { FetchedModel, ModelListing, ModelSource } from "#inference/models/repository/model-source.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "repository-"));
});
afterEach(() => rm(root, { recursive: true }));

const { signal } = new AbortController();
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const cached = (): Promise<string[]> => readdir(join(root, "cache")).catch(() => []);

async function put(path: string, text = "model"): Promise<void> {
  const file = join(root, "models", path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

function open(copy: "all" | "pinned" = "pinned", maxBytes = 1_000_000): ModelSource {
  return openFolderSource({ folder: join(root, "models"), cache: join(root, "cache"), copy, maxBytes });
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

const shape = (listings: readonly ModelListing[]) =>
  listings.map(({ name, versions, settings, problem }) => ({
    name,
    versions: versions.map(({ version }) => version),
    ...(settings === undefined ? {} : { settings: true }),
    ...(problem === undefined ? {} : { problem }),
  }));

test("a folder lists models with their versions by number, and nothing that is no model", async () => {
  await put("b/9/model.onnx");
  await put("b/10/model.onnx");
  await put("b/010/model.onnx");
  await put("b/11/other.onnx");
  await put("b/latest/model.onnx");
  await put("b/model.yaml", "max_batch_size: 2");
  await put("a/1/model.onnx");
  await put("samples/1.jpg");
  await put(".git/1/model.onnx");
  await put("README.md");
  const source = open();
  const listings = await source.list({ signal });
  expect(shape(listings)).toEqual([
    { name: "a", versions: ["1"] },
    { name: "b", versions: ["9", "10"], settings: true },
  ]);
  const [, listing] = listings;
  if (!listing) throw new Error("unreachable");
  expect(await source.readSettings(listing, { signal })).toEqual({
    text: "max_batch_size: 2",
    file: "b/model.yaml",
  });
});

test("one model is listed by its name, and a name that leads elsewhere lists nothing", async () => {
  await put("a/1/model.onnx");
  await put("b/1/model.onnx");
  expect(shape(await open().list({ signal, model: "b" }))).toEqual([{ name: "b", versions: ["1"] }]);
  for (const model of ["z", "../models/a", "..", "a/1", ""]) {
    expect(await open().list({ signal, model })).toEqual([]);
  }
});

test("what cannot be served is listed with its problem, and spoils nothing beside it", async () => {
  await put("a b\u0007/1/model.onnx");
  await put("empty/model.yaml");
  await put("good/1/model.onnx");
  for (let file = 0; file < 257; file += 1) await put(`many/1/${file}.data`);
  await put("many/1/model.onnx");
  expect(shape(await open().list({ signal }))).toEqual([
    { name: "a b?", versions: [], problem: expect.stringContaining("cannot be a model's name") },
    { name: "empty", versions: [], settings: true, problem: "it has no <version>/model.onnx" },
    { name: "good", versions: ["1"] },
    { name: "many", versions: [], problem: "version 1 has more than 256 files" },
  ]);
});

test("a folder that is not there is refused in words", async () => {
  await expect(open().list({ signal })).rejects.toMatchObject({ code: "folder_unusable" });
});

test("links that lead round in a circle end", async () => {
  await put("a/1/model.onnx");
  await symlink(join(root, "models", "a", "1"), join(root, "models", "a", "1", "again"));
  const [listing] = await open().list({ signal });
  expect(listing?.versions[0]?.files.length).toBeLessThan(10);
});

test("a version's stamp changes with content of equal length, and with files beside the model", async () => {
  const source = open();
  const stamp = async () => (await source.list({ signal }))[0]?.versions[0]?.stamp;
  await put("a/1/model.onnx", "one");
  const stamps = [await stamp()];
  await put("a/1/model.onnx", "two");
  stamps.push(await stamp());
  await put("a/1/model.onnx.data", "weights");
  stamps.push(await stamp());
  expect(new Set(stamps).size).toBe(3);
  expect(await stamp()).toBe(stamps[2]);
});

test("a model without a pin is loaded where it lies, or from a private copy of all its files", async () => {
  await put("a/1/model.onnx", "graph");
  await put("a/1/weights/model.onnx.data", "weights");
  const inPlace = await fetch(open("pinned"), "a");
  expect(inPlace.file).toEqual({ name: "a", version: "1", path: join(root, "models/a/1/model.onnx") });
  const source = open("all");
  const copied = await fetch(source, "a");
  expect(copied.file.path.startsWith(join(root, "cache"))).toBe(true);
  await put("a/1/model.onnx", "changed");
  expect(await readFile(copied.file.path, "utf8")).toBe("graph");
  expect(await readFile(join(dirname(copied.file.path), "weights/model.onnx.data"), "utf8")).toBe("weights");
  await copied[Symbol.asyncDispose]();
  await copied[Symbol.asyncDispose]();
  expect(await cached()).toEqual([]);
});

test("of a pinned version only pinned files are taken, and those are the bytes that were hashed", async () => {
  await put("a/1/model.onnx", "graph");
  await put("a/1/planted.data", "whatever");
  const fetched = await fetch(open(), "a", { "model.onnx": sha256("graph") });
  await put("a/1/model.onnx", "swapped");
  expect(await readFile(fetched.file.path, "utf8")).toBe("graph");
  expect(await readdir(dirname(fetched.file.path))).toEqual(["model.onnx"]);
});

test("a file that is not the pinned one is refused with both hashes, and nothing of it stays", async () => {
  await put("a/1/model.onnx", "swapped");
  const wanted = sha256("graph");
  await expect(fetch(open(), "a", { "model.onnx": wanted })).rejects.toMatchObject({
    code: "model_unusable",
    message: `version 1 of model 'a': model.onnx has SHA-256 ${sha256("swapped").slice(0, 12)}..., pinned is ${wanted.slice(0, 12)}...`,
  });
  expect(await cached()).toEqual([]);
});

test("a change of the pin alone is seen, though the same copy is in use", async () => {
  await put("a/1/model.onnx", "graph");
  const source = open();
  await using fetched = await fetch(source, "a", { "model.onnx": sha256("graph") });
  expect(fetched.file.version).toBe("1");
  await expect(fetch(source, "a", { "model.onnx": sha256("other") })).rejects.toThrow("pinned is");
});

test.each([
  ["a pinned file that is missing", { "model.onnx": sha256("graph"), "model.onnx.data": sha256("x") }],
  ["a pin that leaves the model out", { "other.onnx": sha256("graph") }],
  [
    "a pinned path that leads elsewhere",
    { "model.onnx": sha256("graph"), "../2/model.onnx": sha256("graph") },
  ],
])("refuses %s", async (_, pins) => {
  await put("a/1/model.onnx", "graph");
  await put("a/1/other.onnx", "graph");
  await expect(fetch(open(), "a", pins)).rejects.toMatchObject({ code: "model_unusable" });
});

test("the hash beside a model is honoured, of one file or of several", async () => {
  await put("a/1/model.onnx", "graph");
  await put("a/1/model.onnx.data", "weights");
  await put(
    "a/1/model.onnx.sha256",
    `${sha256("graph")}  model.onnx\n${sha256("weights")} *./model.onnx.data\n`,
  );
  await using fetched = await fetch(open(), "a");
  expect(fetched.file.path.startsWith(join(root, "cache"))).toBe(true);
  await put("a/1/model.onnx.data", "swapped");
  await expect(fetch(open(), "a")).rejects.toThrow("model.onnx.data has SHA-256");
  await put("a/1/model.onnx.sha256", "no hash at all");
  await expect(fetch(open(), "a")).rejects.toThrow("is not what sha256sum writes");
});

test("a pin in model.yaml and the hash beside the model must both be right, for the files that are taken", async () => {
  const pins = { "model.onnx": sha256("graph") };
  await put("a/1/model.onnx", "graph");
  await put("a/1/notes.txt", "notes");
  await put("a/1/model.onnx.sha256", `${sha256("graph")}  model.onnx\n${sha256("other")}  notes.txt\n`);
  await using fetched = await fetch(open(), "a", pins);
  expect(await readFile(fetched.file.path, "utf8")).toBe("graph");
  await put("a/1/model.onnx.sha256", sha256("other"));
  await expect(fetch(open(), "a", pins)).rejects.toThrow("pinned is");
});

test("a version that is changed between listing and loading is left for the next look", async () => {
  await put("a/1/model.onnx", "one");
  const source = open("all");
  const [listing] = await source.list({ signal });
  const version = listing?.versions[0];
  if (!version) throw new Error("unreachable");
  await put("a/1/model.onnx", "two!");
  await expect(source.fetch("a", version, { signal, pins: undefined })).rejects.toMatchObject({
    code: "model_not_ready",
  });
  await rename(join(root, "models/a/1"), join(root, "models/a/2"));
  await expect(source.fetch("a", version, { signal, pins: undefined })).rejects.toThrow("is being changed");
});

test("a version larger than the bound is refused before a byte is copied", async () => {
  await put("a/1/model.onnx", "x".repeat(101));
  await expect(fetch(open("all", 100), "a")).rejects.toThrow(
    "version 1 of model 'a' is larger than 100 bytes",
  );
  expect(await cached()).toEqual([]);
});

test("a single file is a source of one model at one version", async () => {
  await put("best.onnx");
  const path = join(root, "models/best.onnx");
  const source = await openFileSource(path);
  expect(shape(await source.list({ signal }))).toEqual([{ name: "best", versions: ["1"] }]);
  expect((await fetch(source, "best")).file).toEqual({ name: "best", version: "1", path });
  expect(await source.list({ signal, model: "worse" })).toEqual([]);
  await rm(path);
  expect(await source.list({ signal })).toEqual([]);
  await expect(openFileSource(path)).rejects.toMatchObject({ code: "model_unusable" });
});
