import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runChild } from "./run-child.ts";
import { readTotals, type Totals } from "./test-totals.ts";

export type VitestRun = { readonly code: number; readonly totals: Totals };

const vitest = fileURLToPath(new URL("vitest.mjs", import.meta.resolve("vitest/package.json")));

/** Runs both projects, showing what vitest shows. Coverage has its floor only where everything runs. */
export async function runVitest(args: readonly string[]): Promise<VitestRun> {
  const folder = await mkdtemp(join(tmpdir(), "tradewind-test-"));
  const file = join(folder, "report.json");
  const report = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const coverage = args.length === 0 ? ["--coverage"] : [];
  try {
    const code = await runChild(process.execPath, [vitest, "run", ...report, ...coverage, ...args]);
    return { code, totals: readTotals(await readFile(file, "utf8").catch(() => undefined)) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
