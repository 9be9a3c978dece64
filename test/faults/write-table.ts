import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Provenance } from "#test/support/provenance.ts";
import type { Result } from "./run-table.ts";

const head = [
  "what happens",
  "statuses",
  "answered",
  "in time",
  "p50 ms",
  "p99 ms",
  "most tries",
  "load",
  "recovered after ms",
  "used again after ms",
  "as expected",
];

/** The rows for a page, as Markdown. */
export function faultTable(results: readonly Result[]): string {
  const lines = [head, head.map(() => "---"), ...results.map(cells)];
  return lines.map((line) => `| ${line.join(" | ")} |`).join("\n");
}

/** `faults.json` with everything, `faults.md` with the table. */
export async function writeResults(
  folder: string,
  results: readonly Result[],
  provenance: Provenance,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const rows = results.map((result) => ({ ...result, problems: result.problems.join("; ") }));
  const all = { ...provenance, rows };
  await writeFile(join(folder, "faults.json"), `${JSON.stringify(all, undefined, 2)}\n`);
  await writeFile(join(folder, "faults.md"), `${faultTable(results)}\n`);
}

function cells({ name, skipped, measured, problems, isJudged }: Result): readonly string[] {
  if (!measured) return [name, `not run: ${skipped}`, ...head.slice(2).map(() => "")];
  const { statuses, answered, inTime, p50Ms, p99Ms, tries, load, recoveredMs, usedAgainMs } = measured;
  return [
    name,
    Object.entries(statuses)
      .map(([status, count]) => `${status}: ${count}`)
      .join(", "),
    percent(answered),
    percent(inTime),
    `${p50Ms}`,
    `${p99Ms}`,
    `${tries}`,
    load.toFixed(2),
    `${recoveredMs}`,
    `${usedAgainMs ?? "never"}`,
    problems.length === 0 ? "yes" : isJudged ? "NO" : "not yet",
  ];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
