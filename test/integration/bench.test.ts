import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { repository } from "#test/support/run-tradewind.ts";

const results = join(repository, "test/bench/results/start.json");

test("a smoke of the bench runs every case in half a minute and leaves the results alone", {
  timeout: 90_000,
}, async () => {
  const before = await readFile(results, "utf8").catch(() => "none");
  const args = [join(repository, "test/bench/main.ts"), "start", "--quick"];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: repository });
  for (const name of ["first start", "second start", "at rest"]) expect(stdout).toContain(name);
  expect(await readFile(results, "utf8").catch(() => "none")).toBe(before);
});

test("a bench that nobody wrote is refused with those there are", async () => {
  const run = promisify(execFile)(process.execPath, [join(repository, "test/bench/main.ts"), "nothing"], {
    cwd: repository,
  });
  await expect(run).rejects.toMatchObject({ stderr: expect.stringContaining("start") });
});
