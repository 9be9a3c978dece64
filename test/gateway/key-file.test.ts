import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createApiKey } from "#gateway/records/api-key.ts";
import { readKeyFile } from "#gateway/records/key-file.ts";
import { systemChance } from "#infra/runtime/chance.ts";

async function fileWith(text: string): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), "keys-")), "keys.yaml");
  await writeFile(file, text);
  return file;
}

test("hashed keys are read from a file", async () => {
  const { record } = createApiKey("ci", systemChance);
  const text = `keys:\n  - { id: "${record.id}", name: ci, hash: ${record.hash} }\n`;
  expect(await readKeyFile(await fileWith(text))).toEqual([record]);
});

test("a key itself in the place of its hash is refused without being repeated", async () => {
  const { text, record } = createApiKey("ci", systemChance);
  const reading = readKeyFile(await fileWith(`keys:\n  - { id: "${record.id}", name: ci, hash: ${text} }\n`));
  await expect(reading).rejects.toThrow("expected a SHA-256 in hexadecimal, not the key itself");
  await expect(reading).rejects.not.toThrow(text);
});

test("a key file that is not there is named", async () => {
  await expect(readKeyFile("/nowhere/keys.yaml")).rejects.toThrow(
    "cannot read the keys in /nowhere/keys.yaml",
  );
});
