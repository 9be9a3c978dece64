import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openVersionCache } from "#inference/models/repository/version-cache.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "cache-"));
});
afterEach(() => rm(root, { recursive: true }));

const key = (stamp: string) => ({ model: "a", version: "1", stamp });
const fillings = (text: string, fills: string[] = []) => ({
  fill: async (folder: string) => {
    fills.push(text);
    await writeFile(join(folder, "model.onnx"), text);
  },
  verify: async (folder: string) => {
    if ((await readFile(join(folder, "model.onnx"), "utf8")) !== text) throw new Error("not whole");
  },
});

test("many who want one version at once wait for one filling, and the last to leave empties its place", async () => {
  const cache = openVersionCache(root, { keep: false });
  const fills: string[] = [];
  const held = await Promise.all([1, 2, 3].map(() => cache.hold(key("x"), fillings("x", fills))));
  expect(fills).toEqual(["x"]);
  expect(new Set(held.map(({ folder }) => folder)).size).toBe(1);
  for (const [left, one] of held.entries()) {
    expect(await readdir(root), `after ${left}`).toHaveLength(1);
    await one[Symbol.asyncDispose]();
  }
  expect(await readdir(root)).toEqual([]);
});

test("tidying removes what nobody holds, what was half done, and nothing that is not the cache's own", async () => {
  const first = openVersionCache(root, { keep: true });
  await (await first.hold(key("old"), fillings("old")))[Symbol.asyncDispose]();
  const [old = ""] = await readdir(root);
  await mkdir(join(root, `${old}.partial`));
  await mkdir(join(root, `${old}.gone7`));
  await mkdir(join(root, "holiday"));
  const cache = openVersionCache(root, { keep: true });
  const held = await cache.hold(key("new"), fillings("new"));
  await cache.tidy();
  expect((await readdir(root)).sort()).toEqual([held.folder.slice(root.length + 1), "holiday"].sort());
  await held[Symbol.asyncDispose]();
});

test("what an earlier life held is found again unless it is not whole any more", async () => {
  const fills: string[] = [];
  const live = async () => {
    const held = await openVersionCache(root, { keep: true }).hold(key("x"), fillings("x", fills));
    await held[Symbol.asyncDispose]();
    return held.folder;
  };
  const folder = await live();
  await live();
  expect(fills).toEqual(["x"]);
  await writeFile(join(folder, "model.onnx"), "");
  await live();
  expect(fills).toEqual(["x", "x"]);
});

test("a filling that fails or is refused leaves nothing, and the next may try again", async () => {
  const cache = openVersionCache(root, { keep: true });
  const broken = { ...fillings("x"), fill: async () => Promise.reject(new Error("no room")) };
  await expect(cache.hold(key("x"), broken)).rejects.toThrow("no room");
  const wrong = { ...fillings("x"), verify: async () => Promise.reject(new Error("wrong bytes")) };
  await expect(cache.hold(key("x"), wrong)).rejects.toThrow("wrong bytes");
  expect(await readdir(root)).toEqual([]);
  const held = await cache.hold(key("x"), fillings("x"));
  expect(await readdir(held.folder)).toEqual(["model.onnx"]);
});

test("a version that is wanted again while its old folder is being removed gets a folder of its own", async () => {
  const cache = openVersionCache(root, { keep: false });
  for (let round = 0; round < 20; round += 1) {
    const first = await cache.hold(key("x"), fillings("x"));
    const leaving = first[Symbol.asyncDispose]();
    const second = await cache.hold(key("x"), fillings("x"));
    await leaving;
    expect(await readFile(join(second.folder, "model.onnx"), "utf8")).toBe("x");
    await Promise.all([cache.tidy(), second[Symbol.asyncDispose]()]);
  }
  await cache.tidy();
  expect(await readdir(root)).toEqual([]);
});

test("a disk that takes no more is named with what to look at, and stays no lasting fault of the model", async () => {
  const cache = openVersionCache(root, { keep: false });
  const full = Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC", syscall: "write" });
  const broken = { ...fillings("x"), fill: async () => Promise.reject(full) };
  await expect(cache.hold(key("x"), broken)).rejects.toMatchObject({
    code: "folder_unusable",
    message: "a model could not be put into the model cache (ENOSPC)",
    hint: expect.stringContaining(root),
  });
  expect(await readdir(root)).toEqual([]);
});

test("a cache that takes no new folder is named like a disk that is full", async () => {
  // Nothing fits below a path that is as long as paths may be, whoever asks.
  let full = root;
  while (full.length < 4_070) full = join(full, "d".repeat(Math.min(200, Math.max(1, 4_070 - full.length))));
  await mkdir(full, { recursive: true });
  const held = openVersionCache(full, { keep: true }).hold(key("x"), fillings("x"));
  await expect(held).rejects.toMatchObject({
    code: "folder_unusable",
    message: "a model could not be put into the model cache (ENAMETOOLONG)",
  });
});
