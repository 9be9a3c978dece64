import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { takeFolder } from "#infra/runtime/postgres/owner.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "owner-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

test("an owner's number that another process has by now does not lock the folder", async () => {
  const folder = join(root, "reused");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "owner"), JSON.stringify({ pid: process.pid, began: "1" }));
  await using _ = await takeFolder(folder);
  expect(JSON.parse(await readFile(join(folder, "owner"), "utf8"))).toMatchObject({ pid: process.pid });
});
