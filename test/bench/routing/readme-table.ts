import type { Row } from "../judge.ts";

/** The judged rows as the README shows them: a line for each case, bold where a floor is missed. */
export function readmeTable(rows: readonly Row[]): string {
  const cases = [
    ...Map.groupBy(
      rows.filter(({ metric }) => !metric.startsWith(guard)),
      (row) => row.case,
    ),
  ];
  const guards = rows.filter(({ metric }) => metric.startsWith(guard));
  return [
    "| | in time, % | cost, $ per 1M | variable, $ | `cost`: in time, % | `cost`: against the bound | `latency`: p99.9, ms |",
    "|---|---|---|---|---|---|---|",
    ...cases.map(([name, of]) => `| ${[name, ...columns.map((column) => cell(column, of))].join(" | ")} |`),
    "",
    "| ours without | where it buys the most | cost with and without it, $ per 1M | ratio |",
    "|---|---|---|---|",
    ...guards.map((row) => `| ${row.against} | ${row.case} | ${row.ours}, ${row.theirs} | ${row.ratio} |`),
    "",
  ].join("\n");
}

const guard = "what a guard buys";

/** The rows that a cell judges; the first that has a peer is shown. */
const columns: readonly (readonly string[])[] = [
  ["in time at balanced"],
  ["cost with misses at balanced"],
  ["variable dollars at balanced", "variable dollars at balanced, more than theirs"],
  ["in time at cost"],
  ["cost with misses at cost", "cost with misses at cost, above the bound"],
  ["p99.9 at latency"],
];

function cell(metrics: readonly string[], rows: readonly Row[]): string {
  const judged = rows.filter(({ metric }) => metrics.includes(metric));
  const shown = judged.find(({ theirs }) => theirs !== null) ?? judged[0];
  if (!shown) return "";
  const { ours, theirs, ratio, unit } = shown;
  const isShare = unit === "%";
  const text = theirs === null ? `${ours}` : `${ours}, ${theirs}${isShare ? "" : ` (${ratio})`}`;
  return judged.every(({ ok }) => ok) ? text : `**${text}**`;
}
