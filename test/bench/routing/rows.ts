import type { Measure, Measured } from "../bench.ts";
import type { Samples } from "../interleave.ts";
import type { Figures } from "./job.ts";
import { bound } from "./job.ts";
import {
  attainments,
  bestTail,
  type Case,
  costs,
  figuresOf,
  mean,
  ours,
  strongest,
  tails,
  variables,
} from "./runs.ts";
import { interval95 } from "./t-interval.ts";

/** What one case is judged by. */
export function rowsOf(run: Case): readonly Measured[] {
  const rows = [...balancedRows(run), ...watchedRows(run)];
  return run.scenario.isWhole ? [...rows, ...costRows(run), ...latencyRows(run)] : rows;
}

function balancedRows(run: Case): Measured[] {
  const mine = figuresOf(run, ours, "balanced");
  const theirs = figuresOf(run, strongest, "balanced");
  const reached = Math.min(...figuresOf(run, bound, "balanced").map(({ attainment }) => attainment));
  const of = { case: run.name, against: strongest };
  const inTime = { ...of, metric: "in time at balanced", unit: "%", better: "higher" } as const;
  return [
    withMeans({ ...inTime, ours: attainments(mine), theirs: attainments(theirs), floor: 1 }),
    ...(reached >= 0.999
      ? [withMeans({ ...inTime, against: "limit", ours: attainments(mine), floor: 99.9 })]
      : []),
    withMeans({
      ...{ ...of, ...perMillion("cost with misses at balanced"), floor: 1, aim: 0.8 },
      ...{ ours: costs(mine, "balanced"), theirs: costs(theirs, "balanced") },
      note: conditionsOf(run),
    }),
    variableRow(of, mine, theirs),
  ];
}

function conditionsOf({ scenario: { load }, ran }: Case): string {
  const { variant = "as published" } = ran.find(({ policy }) => policy === strongest) ?? {};
  const requests = mean(ran.flatMap(({ figures }) => figures.map(({ requests }) => requests)));
  const span = `${load.seconds - load.warmUpS} s of the trace after ${load.warmUpS} s of warm-up`;
  return `${Math.round(requests)} requests a seed in ${span}; ${strongest}: ${variant}`;
}

/** Where they spend nothing that routing could change there is no ratio, and the difference is shown. */
function variableRow(
  of: Pick<Measure, "case" | "against">,
  mine: readonly Figures[],
  theirs: readonly Figures[],
): Measured {
  const [spent, other] = [variables(mine), variables(theirs)];
  const row = { ...of, ...perMillion("variable dollars at balanced") };
  if (Math.min(...other) > 0) return withMeans({ ...row, ours: spent, theirs: other, aim: 0.7 });
  const more = spent.map((usd, seed) => usd - (other[seed] ?? 0));
  return withMeans({ ...row, metric: `${row.metric}, more than theirs`, ours: more, aim: 0 });
}

function costRows(run: Case): Measured[] {
  const mine = figuresOf(run, ours, "cost");
  const least = figuresOf(run, bound, "cost");
  const reached = Math.min(...least.map(({ attainment }) => attainment));
  const inTime = {
    case: run.name,
    metric: "in time at cost",
    unit: "%",
    against: "limit",
    better: "higher",
  } as const;
  const spent = costs(mine, "cost");
  const bounds = costs(least, "cost");
  const row = { case: run.name, against: bound, ...perMillion("cost with misses at cost") };
  return [
    ...(reached >= 0.99 ? [withMeans({ ...inTime, ours: attainments(mine), floor: 99 })] : []),
    mean(bounds) < tooSmall
      ? withMeans({
          ...{ ...row, metric: `${row.metric}, above the bound`, against: "limit" },
          ...{ ours: spent.map((usd, seed) => usd - (bounds[seed] ?? 0)) },
          ...{ floor: 0.5 * tooSmall, aim: 0.15 * tooSmall },
        })
      : withMeans({ ...row, ours: spent, theirs: bounds, floor: 1.5, aim: 1.15 }),
  ];
}

/** Below so many dollars a million requests a ratio says nothing. */
const tooSmall = 0.1;

function latencyRows(run: Case): Measured[] {
  const best = bestTail(run);
  return [
    withMeans({
      ...{ case: run.name, metric: "p99.9 at latency", unit: "ms", better: "lower" },
      ...{ against: best.policy, floor: 1.05, aim: 0.9 },
      ...{ ours: tails(figuresOf(run, ours, "latency")), theirs: tails(best.figures) },
    }),
  ];
}

function watchedRows(run: Case): Measured[] {
  const [fault] = run.scenario.faults;
  const mine = figuresOf(run, ours, "balanced");
  const watched = mine.flatMap(({ watched }) => watched ?? []);
  if (!fault || watched.length === 0) return [];
  const of = { case: run.name, against: "limit", better: "lower" } as const;
  const missed = watched.map(({ attainment }) => (1 - attainment) * 100);
  const again = watched.map(({ usedAgainS }) => usedAgainS);
  if (fault.kind === "slow")
    return [
      withMeans({ ...of, metric: "missed while one is slow", unit: "%", ours: missed, floor: 0.5 }),
      withMeans({ ...of, metric: "used again after", unit: "s", ours: again, floor: 10 }),
    ];
  const failed = mine.map(({ failed }) => failed);
  return [
    withMeans({
      ...of,
      metric: "without an answer while one is dead",
      unit: "requests",
      ours: failed,
      floor: 0,
    }),
    withMeans({ ...of, metric: "missed while one is dead", unit: "%", ours: missed }),
    withMeans({ ...of, metric: "used again after", unit: "s", ours: again }),
  ];
}

function perMillion(metric: string) {
  return { metric, unit: "$/1M", better: "lower" } as const;
}

/** Medians and quartiles are judged; the means with where they lie are said beside. */
export function withMeans(row: Measured): Measured {
  const { ours: mine, theirs, note } = row;
  const others = theirs ? ` against ${told(theirs)}` : "";
  const said = `mean ${told(mine)}${others}`;
  return { ...row, note: note === undefined ? said : `${said}; ${note}` };
}

function told(samples: Samples): string {
  const { mean, low, high } = interval95(samples);
  return samples.length === 1 ? digits(mean) : `${digits(mean)} [${digits(low)}, ${digits(high)}]`;
}

function digits(figure: number): string {
  return String(Number(figure.toPrecision(5)));
}
