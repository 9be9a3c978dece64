import { ablations } from "#gateway/replay/policies/ablations.ts";
import type { Measured } from "../bench.ts";
import type { Crew } from "./crew.ts";
import type { Figures, Job } from "./job.ts";
import { withMeans } from "./rows.ts";
import { attainments, costs, mean, nameOf, ours, seedsUpTo } from "./runs.ts";
import type { Scenario } from "./scenarios.ts";

export type GuardsOptions = { readonly crew: Crew; readonly seeds: number };

/** What each guard buys: ours with it against ours without it, where it buys the most; the note has the other places. */
export async function* measureGuards(
  scenarios: readonly Scenario[],
  { crew, seeds }: GuardsOptions,
): AsyncIterable<Measured> {
  const names = [ours, ...Object.keys(ablations)];
  const found: Place[] = [];
  for (const scenario of scenarios) {
    const [sloMs = 250] = scenario.slosMs;
    const jobs = seedsUpTo(seeds).flatMap((seed) =>
      names.map((policy): Job => ({ scenario, sloMs, seed, policy, objective: "balanced" })),
    );
    const done = await crew.run(jobs);
    const of = (place: number) => done.filter((_, index) => index % names.length === place);
    found.push({
      name: nameOf(scenario, sloMs),
      figures: new Map(names.map((name, place) => [name, of(place)])),
    });
  }
  for (const name of Object.keys(ablations)) yield rowOf(name, found);
}

type Place = { readonly name: string; readonly figures: ReadonlyMap<string, readonly Figures[]> };

function rowOf(guard: string, places: readonly Place[]): Measured {
  const compared = places.map(({ name, figures }) => {
    const [mine, theirs] = [figures.get(ours) ?? [], figures.get(guard) ?? []];
    const [cost, other] = [costs(mine, "balanced"), costs(theirs, "balanced")];
    const gained = mean(attainments(mine)) - mean(attainments(theirs));
    return { name, cost, other, ratio: mean(cost) / mean(other), gained };
  });
  const [best, ...rest] = compared.sort((one, other) => one.ratio - other.ratio);
  if (!best) throw new RangeError("guards are measured somewhere");
  const together = Math.exp(mean(compared.map(({ ratio }) => Math.log(ratio))));
  const told = [best, ...rest].map(
    ({ name, ratio, gained }) => `${name}: ${ratio.toFixed(3)}, ${signed(gained)} % in time`,
  );
  return withMeans({
    ...{ case: best.name, metric: "what a guard buys: cost with misses at balanced", unit: "$/1M" },
    ...{ better: "lower", against: guard, aim: 1, ours: best.cost, theirs: best.other },
    note: [`${together.toFixed(3)} of the cost over all places`, ...told].join("; "),
  });
}

function signed(points: number): string {
  return `${points < 0 ? "" : "+"}${points.toFixed(3)}`;
}
