import type { Objective } from "#gateway/dispatch/terms.ts";
import { moneyOf } from "#gateway/fleet/route-terms.ts";
import type { Samples } from "../interleave.ts";
import type { Crew } from "./crew.ts";
import { bound, type Figures, type Job, type VariantOf } from "./job.ts";
import type { Scenario } from "./scenarios.ts";

/** One scenario at one SLO, with whatever ran through it: of every one of them the same seeds. */
export type Case = {
  readonly name: string;
  readonly scenario: Scenario;
  readonly sloMs: number;
  readonly ran: readonly Ran[];
};

export type Ran = Pick<Job, "policy" | "variant" | "objective"> & {
  /** By seed. */
  readonly figures: readonly Figures[];
};

export const ours = "tradewind";
export const strongest = "prequal-hedged";
export const objectives: readonly Objective[] = ["cost", "balanced", "latency"];

export type RunCaseOptions = {
  readonly crew: Crew;
  readonly tuned: { readonly of: VariantOf };
  readonly seeds: number;
  readonly baselines: readonly string[];
};

/** Ours with each objective, what it is held against, and the bound. A baseline knows no objective: it runs once. */
export async function runCase(
  scenario: Scenario,
  sloMs: number,
  { crew, tuned, seeds, baselines }: RunCaseOptions,
): Promise<Case> {
  const variantOf = (policy: string) => ({ policy, variant: tuned.of(policy, scenario.load) });
  const runs = [
    ...(scenario.isWhole ? objectives : (["balanced"] as const)).map((objective) => ({
      policy: ours,
      objective,
    })),
    ...baselines.map((policy) => ({ ...variantOf(policy), objective: "balanced" as const })),
    { policy: bound, objective: "balanced" as const },
    ...(scenario.isWhole ? [{ policy: bound, objective: "cost" as const }] : []),
  ];
  const jobs = seedsUpTo(seeds).flatMap((seed) =>
    runs.map((run): Job => ({ ...run, scenario, sloMs, seed, isWatched: isWatched(run) })),
  );
  const done = await crew.run(jobs);
  const ran = runs.map((run, place): Ran => {
    return { ...run, figures: done.filter((_, index) => index % runs.length === place) };
  });
  return { name: nameOf(scenario, sloMs), scenario, sloMs, ran };
}

function isWatched({ policy, objective }: Pick<Job, "policy" | "objective">): boolean {
  return objective === "balanced" && (policy === ours || policy === strongest);
}

export function nameOf({ load, name }: Scenario, sloMs: number): string {
  return `${load.name}, ${name}, ${sloMs} ms`;
}

export function seedsUpTo(seeds: number): readonly number[] {
  return Array.from({ length: seeds }, (_, index) => index + 1);
}

export function figuresOf({ name, ran }: Case, policy: string, objective: Objective): readonly Figures[] {
  const found = ran.find((run) => run.policy === policy && run.objective === objective);
  if (!found) throw new RangeError(`${policy} at ${objective} never ran in ${name}`);
  return found.figures;
}

/** Dollars in all of a million requests, and what their misses cost. */
export function costs(figures: readonly Figures[], objective: Objective): Samples {
  const { usdPerMiss } = moneyOf[objective];
  return figures.map(({ usd, misses, requests }) => ((usd + usdPerMiss * misses) * 1e6) / requests);
}

export function variables(figures: readonly Figures[]): Samples {
  return figures.map(({ variableUsd, requests }) => (variableUsd * 1e6) / requests);
}

export function attainments(figures: readonly Figures[]): Samples {
  return figures.map(({ attainment }) => attainment * 100);
}

/** p99.9 by seed. */
export function tails(figures: readonly Figures[]): Samples {
  return figures.map(({ p999 }) => p999);
}

/** The baseline with the best p99.9. */
export function bestTail({ ran }: Case): Ran {
  const others = ran.filter(({ policy }) => policy !== ours && policy !== bound);
  return others.reduce((best, one) => (mean(tails(one.figures)) < mean(tails(best.figures)) ? one : best));
}

export function mean(samples: Samples): number {
  return samples.reduce((sum, one) => sum + one, 0) / samples.length;
}
