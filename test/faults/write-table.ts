import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Provenance } from "#test/support/provenance.ts";
import type { Expectation } from "./fault-row.ts";
import type { Result } from "./run-table.ts";

const head = [
  "what happens",
  "its share before",
  "statuses",
  "answered",
  "in time",
  "p50 ms",
  "p99 ms",
  "most tries",
  "sent per request",
  "harm ended after ms",
  "used again after ms",
  "promised",
  "holds",
];

/** The rows for a page, as Markdown. */
export function faultTable(results: readonly Result[]): string {
  const lines = [head, head.map(() => "---"), ...results.map(cells)];
  return lines.map((line) => `| ${line.join(" | ")} |`).join("\n");
}

/** `faults.json` with everything, `faults.md` with the table; the note says how it was made. */
export async function writeResults(
  folder: string,
  results: readonly Result[],
  { provenance, note }: { readonly provenance: Provenance; readonly note: string },
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const all = { note, ...provenance, rows: results.map(withoutLists) };
  await writeFile(join(folder, "faults.json"), `${JSON.stringify(all, undefined, 2)}\n`);
  await writeFile(join(folder, "faults.md"), `${note}\n\n${faultTable(results)}\n`);
}

/** As JSON is laid out everywhere here, short lists stand in one line, and what writes it cannot do that. */
function withoutLists({ promised, problems, ...rest }: Result): object {
  return {
    ...rest,
    promised: { ...promised, statuses: promised.statuses.join(", ") },
    problems: problems.join("; "),
  };
}

function cells({ name, promised, skipped, measured, problems }: Result): readonly string[] {
  if (!measured) return [name, `not run: ${skipped}`, ...head.slice(2).map(() => "")];
  const { statuses, shareBefore, answered, inTime, p50Ms, p99Ms } = measured;
  const { tries, load, recoveredMs, usedAgainMs } = measured;
  return [
    name,
    promised.usedAgainMs === undefined ? "" : percent(shareBefore),
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
    promised.usedAgainMs === undefined ? "" : `${usedAgainMs ?? "never"}`,
    promise(promised),
    problems.length === 0 ? "yes" : "NO",
  ];
}

function promise({ statuses, inTime, p99Ms, tries }: Expectation): string {
  const least = inTime > 0 ? [`${percent(inTime)} in time`] : [];
  return [`only ${statuses.join(", ")}`, ...least, `p99 as before + ${p99Ms} ms`, `${tries} tries`].join(
    "; ",
  );
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(1))} %`;
}
