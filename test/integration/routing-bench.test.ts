import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { repository, runTradewind } from "#test/support/run-tradewind.ts";

const results = join(repository, "test/bench/results/routing.json");

test("a smoke of the routing bench measures every kind of case within a minute and leaves the results alone", {
  timeout: 120_000,
}, async () => {
  const before = await readFile(results, "utf8").catch(() => "none");
  const args = [join(repository, "test/bench/main.ts"), "routing", "--quick"];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    ...{ cwd: repository, timeout: 110_000, maxBuffer: 16 * 1024 * 1024 },
  });
  const cases = [
    "azure x20, base",
    "images 100/s, slow",
    "cost with misses at balanced",
    "lower bound",
    "p99.9 at latency",
    "used again after",
    "tradewind-no-hedge",
  ];
  for (const name of cases) expect(stdout).toContain(name);
  expect(await readFile(results, "utf8").catch(() => "none")).toBe(before);
});

test("a replay prints one document with everything, the same one again", { timeout: 60_000 }, async () => {
  const bench = join(repository, "test/bench");
  const trace = join(bench, "traces/AzureLLMInferenceTrace_code.csv");
  const args = ["--trace", trace, "--fleet", join(bench, "fleets/six.yaml"), "--duration", "30", "--json"];
  const [one, again] = [await runTradewind(["replay", ...args]), await runTradewind(["replay", ...args])];
  expect(again.stdout).toBe(one.stdout);
  expect(JSON.parse(one.stdout)).toMatchObject({ seed: 1, results: [{ policy: "tradewind" }] });
});

test("a replay of a policy that does not exist ends with the names of those that do", async () => {
  const { code, stderr } = await runTradewind([
    ...["replay", "--trace", "t", "--fleet", "f"],
    ...["--policy", "magic"],
  ]);
  expect(code).toBe(1);
  expect(stderr).toContain("prequal-hedged");
});
