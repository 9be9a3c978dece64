import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Bench, BenchContext, Measured } from "../bench.ts";
import { judge, type Row } from "../judge.ts";
import { openCrew } from "./crew.ts";
import { writeDetail } from "./detail.ts";
import { measureGuards } from "./guards.ts";
import { rowsOf } from "./rows.ts";
import { bestTail, type Case, type RunCaseOptions, runCase, strongest } from "./runs.ts";
import { type Scenario, scenarios, shortened, withGuards } from "./scenarios.ts";
import { tune, untuned } from "./tune.ts";

export const routingBench: Bench = {
  name: "routing",
  describe:
    "parts of two recorded loads through ours and what it is held against, simulated: misses, money and tails (20 min)",
  run: measureRouting,
};

const baselines = [
  "random",
  "p2c-peak-ewma",
  "prequal",
  strongest,
  "litellm-latency",
  "litellm-cost",
  "cheapest",
];

const wantedSeeds = 10;

async function* measureRouting(context: BenchContext): AsyncIterable<Measured> {
  const { quick, signal, say } = context;
  await using crew = await openCrew({ workers: Math.min(16, availableParallelism()), signal });
  const played = quick ? scenarios.filter(({ name }) => inSmoke.has(name)).map(shortened) : scenarios;
  const seeds = context.rounds(wantedSeeds);
  const tuned = quick ? untuned : await tune(tunedOn, { crew, seeds: tuningSeeds, baselines });
  for (const { trace, policy, variant } of tuned.found) say(`tuned on ${trace}: ${policy} ${variant}`);
  const cases: Case[] = [];
  const rows: Row[] = [];
  for (const scenario of played) {
    const options = { crew, tuned, seeds, baselines: quick || !scenario.isWhole ? [strongest] : baselines };
    for await (const run of runAll(scenario, options)) {
      cases.push(run);
      yield* kept(rowsOf(run), rows);
    }
  }
  const guarded = quick ? withGuards.slice(0, 1).map(shortened) : withGuards;
  yield* kept(measureGuards(guarded, { crew, seeds: context.rounds() }), rows);
  if (quick) return;
  const folder = join(context.root, "test/bench/results");
  const written = await writeDetail(folder, { cases, tuned: tuned.found, seeds, rows });
  say(`all runs and the README's tables: ${written.join(", ")}`);
}

async function* kept(
  measured: AsyncIterable<Measured> | Iterable<Measured>,
  rows: Row[],
): AsyncIterable<Measured> {
  for await (const one of measured) {
    rows.push(judge(one));
    yield one;
  }
}

const inSmoke = new Set(["base", "slow", "outage"]);

/** Seeds of their own, so that nobody is tuned to the noise that it is judged by. */
const tuningSeeds = [101, 102];

/** One base for each trace. */
const tunedOn = scenarios
  .filter(({ name, isWhole }) => name === "base" && isWhole)
  .filter(({ load }, place, all) => all.findIndex((other) => other.load.file === load.file) === place)
  .map((scenario): Scenario => ({ ...scenario, load: { ...scenario.load, seconds: 720 } }));

/**
 * The first SLO decides who of the baselines has the best tail; at the others only that one and the strongest run again,
 * since none of their rules knows an SLO.
 */
async function* runAll(scenario: Scenario, options: RunCaseOptions): AsyncIterable<Case> {
  let baselines = options.baselines;
  for (const sloMs of scenario.slosMs) {
    const run = await runCase(scenario, sloMs, { ...options, baselines });
    yield run;
    baselines = [...new Set([strongest, bestTail(run).policy])];
  }
}
