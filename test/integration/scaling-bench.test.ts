import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { repository } from "#test/support/run-tradewind.ts";

const results = join(repository, "test/bench/results/scaling.json");

test("a smoke of the scaling bench measures both loads within half a minute and leaves the results alone", {
  timeout: 60_000,
}, async () => {
  const before = await readFile(results, "utf8").catch(() => "none");
  const args = [join(repository, "test/bench/main.ts"), "scaling", "--quick"];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    ...{ cwd: repository, timeout: 50_000, maxBuffer: 16 * 1024 * 1024 },
  });
  for (const name of ["azure x20", "images 50/s", "in time", "dollars, fixed", "dollars, hpa", "oracle"])
    expect(stdout).toContain(name);
  expect(await readFile(results, "utf8").catch(() => "none")).toBe(before);
});
