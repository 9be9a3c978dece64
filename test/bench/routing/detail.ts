import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Row } from "../judge.ts";
import type { Figures } from "./job.ts";
import { bound } from "./job.ts";
import { readmeTable } from "./readme-table.ts";
import { attainments, type Case, costs, objectives, type Ran, variables } from "./runs.ts";
import { interval95 } from "./t-interval.ts";
import type { Found } from "./tune.ts";

/** Everything that ran, beside the rows that are judged: means with their 95 % intervals; and the README's tables. */
export async function writeDetail(
  folder: string,
  { cases, tuned, seeds, rows }: Detail,
): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  const text = JSON.stringify({ seeds, tuned, cases: cases.map(caseOf) }, undefined, 1);
  return [
    await writeWhole(join(folder, "routing-runs.json"), `${text}\n`),
    await writeWhole(join(folder, "routing.md"), readmeTable(rows)),
  ];
}

export type Detail = {
  readonly cases: readonly Case[];
  readonly tuned: readonly Found[];
  readonly seeds: number;
  readonly rows: readonly Row[];
};

async function writeWhole(path: string, text: string): Promise<string> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
  return path;
}

function caseOf({ name, scenario, sloMs, ran }: Case) {
  const { fleet, load, faults } = scenario;
  return { name, fleet, load, sloMs, faults, runs: ran.map(runOf) };
}

function runOf({ policy, variant, objective, figures }: Ran) {
  const named = { policy, ...(variant !== undefined && { variant }), objective };
  const shared = {
    attainment: at(attainments(figures)),
    requests: at(figures.map(({ requests }) => requests)),
  };
  if (policy === bound) return { ...named, ...shared, costPerMillion: at(figures.map(perMillion)) };
  const of = (key: "p50" | "p99" | "p999" | "failed" | "hedges" | "retries" | "wakes") =>
    at(figures.map((one) => one[key]));
  return {
    ...{ ...named, ...shared, p50: of("p50"), p99: of("p99"), p999: of("p999") },
    usdPerMillion: at(figures.map(perMillion)),
    variableUsdPerMillion: at(variables(figures)),
    costPerMillion: Object.fromEntries(
      objectives.map((objective) => [objective, at(costs(figures, objective))]),
    ),
    ...{ failed: of("failed"), hedges: of("hedges"), retries: of("retries"), wakes: of("wakes") },
  };
}

function perMillion({ usd, requests }: Figures): number {
  return (usd * 1e6) / requests;
}

/** The mean, and the ends of its interval. */
function at(samples: readonly number[]): readonly number[] {
  const { mean, low, high } = interval95(samples);
  return [mean, low, high].map((figure) => Number(figure.toPrecision(6)));
}
