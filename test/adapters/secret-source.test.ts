import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readSecret, secretSource } from "#adapters/secret-source.ts";

test("a secret is read from a variable or from a file, without the line's end", async () => {
  const folder = await mkdtemp(join(tmpdir(), "secret-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "secret");
  await writeFile(file, "from-a-file\n");
  expect(await readSecret({ file }, { env: {} })).toBe("from-a-file");
  expect(await readSecret({ env: "SECRET" }, { env: { SECRET: "from-a-variable" } })).toBe("from-a-variable");
});

test("a secret that is not there is told by its place", async () => {
  const nowhere = readSecret({ env: "SECRET" }, { env: { SECRET: " " } });
  await expect(nowhere).rejects.toThrow("the variable SECRET holds no secret");
  const missing = readSecret({ file: "/nowhere/at/all" }, { env: {} });
  await expect(missing).rejects.toMatchObject({ code: "config_invalid" });
});

test.each([["s3cret"], [{ env: "lower" }], [{ env: "A", file: "b" }], [{ file: "" }]])(
  "a configuration names the place of a secret in one way only: %j",
  (given) => {
    expect(secretSource.safeParse(given).success).toBe(false);
  },
);
