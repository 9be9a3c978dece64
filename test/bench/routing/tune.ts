import { grids } from "#gateway/replay/policies/policies.ts";
import type { Crew } from "./crew.ts";
import type { Job, VariantOf } from "./job.ts";
import { costs, mean } from "./runs.ts";
import type { Scenario } from "./scenarios.ts";

/** The best parameters of each baseline for each trace, on which ours is judged too. */
export type Tuned = {
  readonly of: VariantOf;
  readonly found: readonly Found[];
};

export type Found = {
  readonly trace: string;
  readonly policy: string;
  readonly variant: string;
  readonly cost: number;
};

export type TuneOptions = {
  readonly crew: Crew;
  readonly seeds: readonly number[];
  readonly baselines: readonly string[];
};

export const untuned: Tuned = { of: () => undefined, found: [] };

/** Tries each setting of a grid once for each trace and keeps the one that costs least, misses included. */
export async function tune(on: readonly Scenario[], { crew, seeds, baselines }: TuneOptions): Promise<Tuned> {
  const trials = on.flatMap((scenario) =>
    baselines.flatMap((policy) =>
      (grids[policy] ?? []).map(({ name }) => ({ scenario, policy, variant: name })),
    ),
  );
  const sloMs = 250;
  const jobs = seeds.flatMap((seed) =>
    trials.map((trial): Job => ({ ...trial, seed, sloMs, objective: "balanced" })),
  );
  const done = await crew.run(jobs);
  const best = new Map<string, Found>();
  for (const [place, { scenario, policy, variant }] of trials.entries()) {
    const cost = mean(
      costs(
        done.filter((_, index) => index % trials.length === place),
        "balanced",
      ),
    );
    const trace = scenario.load.file;
    const key = `${trace} ${policy}`;
    if (cost < (best.get(key)?.cost ?? Number.POSITIVE_INFINITY))
      best.set(key, { trace, policy, variant, cost });
  }
  return {
    of: (policy, { file }) => best.get(`${file} ${policy}`)?.variant,
    found: [...best.values()],
  };
}
