import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openEmbeddedPostgres } from "#infra/runtime/postgres/embedded.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "embedded-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

test("a folder that cannot be made is named", async () => {
  const file = join(root, "a-file");
  await writeFile(file, "");
  await expect(openEmbeddedPostgres({ folder: join(file, "data") })).rejects.toMatchObject({
    code: "folder_unusable",
  });
});
