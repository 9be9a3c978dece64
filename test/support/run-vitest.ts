import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runChild } from "./run-child.ts";
import { bothTotals, readTotals, type Totals } from "./test-totals.ts";

export type VitestRun = { readonly code: number; readonly totals: Totals };

const vitest = fileURLToPath(new URL("vitest.mjs", import.meta.resolve("vitest/package.json")));

/**
 * What runs in this process is counted for coverage; what starts processes, and measures them, is not slowed down by that.
 * Whoever asks for something of their own gets that alone.
 */
export async function runVitest(args: readonly string[]): Promise<VitestRun> {
  if (args.length > 0) return await runOnce(args);
  const counted = await runOnce(["--coverage", "--project=unit", "--project=integration"]);
  if (counted.code >= interrupted) return counted;
  const measured = await runOnce(["--project=processes", "--project=in-time", "--project=quiet"]);
  return { code: counted.code || measured.code, totals: bothTotals(counted.totals, measured.totals) };
}

/** Exit codes from here on say that somebody ended the run. */
const interrupted = 128;

/** Shows what vitest shows. */
async function runOnce(args: readonly string[]): Promise<VitestRun> {
  const folder = await mkdtemp(join(tmpdir(), "tradewind-test-"));
  const file = join(folder, "report.json");
  const report = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  try {
    const code = await runChild(process.execPath, [vitest, "run", ...report, ...args]);
    return { code, totals: readTotals(await readFile(file, "utf8").catch(() => undefined)) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
