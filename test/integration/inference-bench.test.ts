import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { repository } from "#test/support/run-tradewind.ts";

const results = join(repository, "test/bench/results/inference.json");

test("a smoke of the inference bench measures every case and leaves the results alone", {
  timeout: 180_000,
}, async () => {
  const before = await readFile(results, "utf8").catch(() => "none");
  const args = [join(repository, "test/bench/main.ts"), "inference", "--quick"];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: repository, timeout: 170_000 });
  const cases = [
    "digits-s, c=4",
    "yolov8n-shape, c=4",
    "mAP50-95",
    "identity model",
    "memory after 1000 images",
  ];
  for (const name of cases) expect(stdout).toContain(name);
  expect(await readFile(results, "utf8").catch(() => "none")).toBe(before);
});
