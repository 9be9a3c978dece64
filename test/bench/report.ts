import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Provenance } from "../support/provenance.ts";
import type { Row } from "./judge.ts";

/** Numbers line up on the right, words on the left. */
export function formatTable(rows: readonly Row[]): string {
  const lines = [titles, ...rows.map(cells)];
  const widths = titles.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => pad(cell, widths[column] ?? 0, column))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** What a reader must know of each row, once per sentence. */
export function formatNotes(rows: readonly Row[]): string {
  const notes = rows.flatMap((row) =>
    row.note === undefined ? [] : [`${row.case}, ${row.metric}: ${row.note}`],
  );
  return notes.map((note) => `  ${note}\n`).join("");
}

/** Writes beside the old file and renames, so that a run that is cut off leaves the last good result. */
export async function writeResults(
  folder: string,
  name: string,
  results: Provenance & { readonly rows: readonly Row[] },
): Promise<string> {
  const path = join(folder, `${name}.json`);
  await mkdir(folder, { recursive: true });
  await writeFile(`${path}.new`, `${JSON.stringify(results, null, 2)}\n`);
  await rename(`${path}.new`, path);
  return path;
}

const titles = [
  "case",
  "metric",
  "unit",
  "ours",
  "against",
  "theirs",
  "ratio",
  "spread",
  "floor",
  "aim",
  "ok",
];
const words = new Set(["case", "metric", "unit", "against", "ok"].map((title) => titles.indexOf(title)));

function cells(row: Row): string[] {
  return [
    row.case,
    row.metric,
    row.unit,
    String(row.ours),
    row.against,
    String(row.theirs ?? ""),
    String(row.ratio ?? ""),
    row.rounds > 1 ? row.spread.join(" to ") : "one round",
    limit(row, row.floor),
    limit(row, row.aim),
    row.ok ? "ok" : "MISSED",
  ];
}

function limit({ better }: Row, figure: number | null): string {
  if (figure === null) return "";
  return `${better === "lower" ? "<=" : ">="} ${figure}`;
}

function pad(cell: string, width: number, column: number): string {
  return words.has(column) ? cell.padEnd(width) : cell.padStart(width);
}
