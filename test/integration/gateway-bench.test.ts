import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { repository } from "#test/support/run-tradewind.ts";

const results = join(repository, "test/bench/results/gateway.json");

test("a smoke of the gateway bench measures every kind of case and leaves the results alone", {
  timeout: 180_000,
}, async () => {
  const before = await readFile(results, "utf8").catch(() => "none");
  const args = [join(repository, "test/bench/main.ts"), "gateway", "--quick"];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    ...{ cwd: repository, timeout: 170_000, maxBuffer: 16 * 1024 * 1024 },
  });
  const cases = [
    "miss, 2 KB, c=1",
    "miss, 2 KB, c=32",
    "hit, 2 KB, c=1",
    "bare proxy",
    "bare hit",
    "bare echo",
    "ours without Redis",
    "p50 above going direct",
    "open loop, miss, 2 KB",
    "with a lease",
    "places and budgets too",
    "requests not counted in Redis",
    "1000 keys",
  ];
  for (const name of cases) expect(stdout).toContain(name);
  expect(await readFile(results, "utf8").catch(() => "none")).toBe(before);
});
