import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readText } from "#infra/runtime/config/read-text.ts";

test("a text file is read up to its allowed length, and refused one byte beyond", async () => {
  const folder = await mkdtemp(join(tmpdir(), "read-text-"));
  const file = join(folder, "a.yaml");
  await writeFile(file, "a".repeat(1_048_576));
  expect(await readText(file)).toHaveLength(1_048_576);
  await writeFile(file, "a".repeat(1_048_577));
  await expect(readText(file)).rejects.toThrow(`cannot read ${file}: it is longer than 1048576 bytes`);
  await rm(folder, { recursive: true });
});

test("a folder in the place of a text file is named with the reason", async () => {
  await expect(readText(tmpdir(), { what: "the keys" })).rejects.toMatchObject({
    code: "config_invalid",
    message: "cannot read the keys (EISDIR)",
  });
});
