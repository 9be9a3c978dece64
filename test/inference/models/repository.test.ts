import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findModels, readModelFile, singleModel } from "#inference/models/repository.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "models-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function put(...path: string[]): Promise<string> {
  const file = join(folder, ...path);
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(file, "model");
  return file;
}

test("the latest version of each model is found, by number and not by spelling", async () => {
  await put("b", "9", "model.onnx");
  const latest = await put("b", "10", "model.onnx");
  const other = await put("a", "1", "model.onnx");
  await mkdir(join(folder, "b", "11"), { recursive: true });
  await put("samples", "1.jpg");
  await put("README.md");
  expect(await findModels(folder)).toEqual([
    { name: "a", version: "1", path: other },
    { name: "b", version: "10", path: latest },
  ]);
});

test("a folder without models, a folder that is not there and a bad name are refused in words", async () => {
  await expect(findModels(folder)).rejects.toMatchObject({ code: "model_unusable" });
  await expect(findModels(join(folder, "none"))).rejects.toMatchObject({ code: "folder_unusable" });
  await put("a b", "1", "model.onnx");
  await expect(findModels(folder)).rejects.toThrow("'a b' cannot be a model's name");
});

test("a single file is a model under its own name", async () => {
  const path = await put("best.onnx");
  expect(await singleModel(path)).toEqual({ name: "best", version: "1", path });
  await expect(singleModel(join(folder, "worse.onnx"))).rejects.toMatchObject({ code: "model_unusable" });
});

test("a model file over the limit is refused before it is read", async () => {
  const path = await put("best.onnx");
  expect(await readModelFile(path)).toHaveLength(5);
  await expect(readModelFile(path, { maxBytes: 4 })).rejects.toThrow("larger than 4 bytes");
});
