import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bench } from "./bench.ts";
import { roundsFor } from "./bench.ts";
import type { Row } from "./judge.ts";
import { judge } from "./judge.ts";

export type RunBenchOptions = {
  readonly quick: boolean;
  readonly root: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
};

/** Runs one bench in a folder of its own and judges what it hands over. */
export async function runBench(bench: Bench, options: RunBenchOptions): Promise<readonly Row[]> {
  await using resources = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), `tradewind-bench-${bench.name}-`));
  resources.defer(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  const rows: Row[] = [];
  for await (const measured of bench.run({ ...options, folder, rounds: roundsFor(options) })) {
    const row = judge(measured);
    options.say(`${row.case}, ${row.metric}: ${row.ours} ${row.unit}`);
    rows.push(row);
  }
  return rows;
}
