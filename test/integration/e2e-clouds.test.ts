import { execFile } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repository } from "#test/support/run-tradewind.ts";

type Ended = { readonly code: number; readonly output: string };

test("wrong weights are taken back and a cloud is lost without one image failing, in a smoke of the three clouds", {
  timeout: 300_000,
}, async () => {
  const { code, output } = await new Promise<Ended>((resolve) => {
    const args = [join(repository, "test/e2e/clouds/main.ts"), "--smoke"];
    const options = { cwd: repository, timeout: 280_000, maxBuffer: 16 * 1024 * 1024 };
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      resolve({ code: error ? 1 : 0, output: stdout + stderr });
    });
  });
  expect(output).toContain("rolled back (digits-n: agreement");
  expect(output).toContain(" 0 failed");
  expect(code, output).toBe(0);
});
