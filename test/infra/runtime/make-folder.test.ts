import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeFolder } from "#infra/runtime/make-folder.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "make-folder-"));
});
afterAll(() => rm(root, { recursive: true }));

test("a folder is made with those above it, for its owner alone, and again without harm", async () => {
  const folder = join(root, "a", "b", "c");
  await Promise.all([makeFolder(folder), makeFolder(folder)]);
  await makeFolder(folder);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
});

test("a folder below a file is refused by its name", async () => {
  await writeFile(join(root, "file"), "");
  await expect(makeFolder(join(root, "file", "x"))).rejects.toThrow(
    `cannot write to the folder ${join(root, "file", "x")} (ENOTDIR)`,
  );
});

test.runIf(process.platform === "linux")(
  "a place that denies its children is refused rather than tried for ever",
  async () => {
    await expect(makeFolder("/proc/tradewind/data")).rejects.toMatchObject({ code: "folder_unusable" });
  },
);
