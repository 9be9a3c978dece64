import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { holdSecret } from "#adapters/held-secret.ts";

test("a variable is read once, since it cannot change", async () => {
  const env = { TOKEN: "first" };
  const held = await holdSecret({ env: "TOKEN" }, { env });
  env.TOKEN = "second";
  await held.refresh();
  expect(held.now()).toBe("first");
});

test("a file is read again, unless what it holds is none for its use", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tradewind-secret-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "token");
  const isLong = (secret: string): void => {
    if (secret.length < 5) throw new Error("too short");
  };
  await writeFile(file, "abc");
  await expect(holdSecret({ file }, { env: {} }, isLong)).rejects.toThrow("too short");
  await writeFile(file, "abcdef");
  const held = await holdSecret({ file }, { env: {} }, isLong);
  await writeFile(file, "ghijkl");
  await held.refresh();
  expect(held.now()).toBe("ghijkl");
  await writeFile(file, "x");
  await held.refresh();
  expect(held.now()).toBe("ghijkl");
});
