import type { TrialFacts } from "./trial-facts.ts";

/** One backend's line in a report of a trial; undefined is what was not measured. */
export type TrialRow = {
  readonly backend: string;
  readonly agreement: number | undefined;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  readonly usdPerMillion: number | undefined;
  /** The share of requests that failed. */
  readonly errors: number | undefined;
  readonly samples: number;
};

export function trialRow(backend: string, facts: TrialFacts): TrialRow {
  const { asked, failed, usd, compared, agreement, latency } = facts;
  return {
    backend,
    agreement: compared === 0 ? undefined : agreement,
    p50Ms: latency.quantile(0.5),
    p99Ms: latency.quantile(0.99),
    usdPerMillion: asked === 0 ? undefined : (1e6 * usd) / asked,
    errors: asked === 0 ? undefined : failed / asked,
    samples: asked,
  };
}

const columns: readonly { readonly title: string; readonly text: (row: TrialRow) => string }[] = [
  { title: "backend", text: ({ backend }) => backend },
  { title: "agreement", text: ({ agreement }) => shown(agreement, (value) => value.toFixed(3)) },
  { title: "p50", text: ({ p50Ms }) => shown(p50Ms, inMs) },
  { title: "p99", text: ({ p99Ms }) => shown(p99Ms, inMs) },
  { title: "$ per 1M", text: ({ usdPerMillion }) => shown(usdPerMillion, (usd) => usd.toFixed(2)) },
  { title: "errors", text: ({ errors }) => shown(errors, (share) => `${(100 * share).toFixed(2)} %`) },
  { title: "samples", text: ({ samples }) => String(samples) },
];

/** A line of titles and one for each row, names to the left and numbers to the right. */
export function trialTable(rows: readonly TrialRow[]): string {
  const lines = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ text }) => text(row))),
  ];
  const widths = columns.map((_, place) => Math.max(...lines.map((line) => line[place]?.length ?? 0)));
  const padded = (cell: string, place: number): string =>
    place === 0 ? cell.padEnd(widths[place] ?? 0) : cell.padStart(widths[place] ?? 0);
  return lines.map((line) => line.map(padded).join("  ")).join("\n");
}

function shown(value: number | undefined, text: (value: number) => string): string {
  return value === undefined ? "-" : text(value);
}

function inMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}
