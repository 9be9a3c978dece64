import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const launcher = join(root, "infra/tradewind.js");

test("the command of a checkout answers from its sources, in any of its folders", async () => {
  const { stdout } = await promisify(execFile)("npm", ["exec", "tradewind", "--", "--help"], {
    cwd: join(root, "gateway"),
  });
  expect(stdout).toContain("tradewind start");
});

test("an older Node is told in one line which one is needed", async () => {
  const older = (version: string) =>
    `data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"${version}"}})`;
  for (const version of ["18.20.8", "20.20.2", "24.14.9"]) {
    const failed = await promisify(execFile)(process.execPath, [
      "--import",
      older(version),
      launcher,
      "--help",
    ]).then(
      () => undefined,
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
    const stderr = `tradewind needs Node 24.15 or newer, this is ${version}\n`;
    expect(failed).toMatchObject({ code: 1, stdout: "", stderr });
  }
});
