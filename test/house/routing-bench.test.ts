import { join } from "node:path";
import { expect, test } from "vitest";
import { moneyOf } from "#gateway/fleet/route-terms.ts";
import { loadFleet } from "#gateway/replay/fleet-file.ts";
import { grids } from "#gateway/replay/policies/policies.ts";
import { judge } from "../bench/judge.ts";
import { arrivalsOf } from "../bench/routing/arrivals-of.ts";
import { type Crew, openCrew } from "../bench/routing/crew.ts";
import { createJobs } from "../bench/routing/do-job.ts";
import { measureGuards } from "../bench/routing/guards.ts";
import { bound, type Figures, type Job } from "../bench/routing/job.ts";
import { readmeTable } from "../bench/routing/readme-table.ts";
import { rowsOf } from "../bench/routing/rows.ts";
import { type Case, costs, ours, type Ran, runCase, strongest, variables } from "../bench/routing/runs.ts";
import { type Scenario, scenarios, shortened, withGuards } from "../bench/routing/scenarios.ts";
import { interval95 } from "../bench/routing/t-interval.ts";
import { tune, untuned } from "../bench/routing/tune.ts";

const { signal } = new AbortController();

const plain: Figures = {
  ...{ requests: 1_000_000, misses: 0, failed: 0, attainment: 0.9999, p50: 40, p99: 100, p999: 200 },
  ...{ usd: 10, variableUsd: 4, hedges: 0, retries: 0, wakes: 0 },
};

const [base] = scenarios;
if (!base) throw new Error("there are scenarios");

test("an interval of ten is a t interval, and one sample is all that is known", () => {
  const { mean, low, high } = interval95([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(mean).toBe(5.5);
  expect(high - mean).toBeCloseTo((2.262 * 3.02765) / Math.sqrt(10), 4);
  expect(mean - low).toBeCloseTo(high - mean, 12);
  expect(interval95([3])).toEqual({ mean: 3, low: 3, high: 3 });
  expect(() => interval95([])).toThrow("nothing was measured");
});

test("every scenario of the routing bench has a fleet, and breaks only what that fleet has", async () => {
  for (const { fleet, faults, load } of [...scenarios, ...withGuards]) {
    const { backends } = await loadFleet(join(import.meta.dirname, `../bench/fleets/${fleet}.yaml`));
    const names = backends.map(({ name }) => name);
    for (const { backend, fromMs, toMs } of faults) {
      expect(names).toContain(backend);
      expect(fromMs).toBeGreaterThanOrEqual(load.warmUpS * 1_000);
      expect(fromMs).toBeLessThan(toMs);
      expect(toMs).toBeLessThanOrEqual(load.seconds * 1_000);
    }
  }
});

test("a shortened scenario keeps its faults behind its warm-up", () => {
  for (const scenario of scenarios) {
    const { load, faults } = shortened(scenario);
    expect(load.seconds).toBeLessThan(scenario.load.seconds);
    for (const { fromMs, toMs } of faults) {
      expect(fromMs).toBeGreaterThanOrEqual(load.warmUpS * 1_000);
      expect(toMs).toBeLessThanOrEqual(load.seconds * 1_000 + 1);
    }
  }
});

test("a load is the same requests for the same seed, and others for another", async () => {
  const { load } = shortened(base);
  const [one, same, other] = await Promise.all([1, 1, 2].map((seed) => arrivalsOf(load, seed)));
  expect(same).toEqual(one);
  expect(other?.atMs).not.toEqual(one?.atMs);
  expect(one?.count).toBeGreaterThan(1_000);
});

test("the processes of a crew give each job's own figures, in the order of the jobs", async () => {
  await using crew = await openCrew({ workers: 2, signal });
  const jobs = [jobOf("tradewind", 1), jobOf("random", 1), jobOf("tradewind", 2), jobOf(bound, 1)];
  const done = await crew.run(jobs);
  const doJob = createJobs();
  for (const [place, job] of jobs.entries()) expect(done[place]).toEqual(await doJob(job));
});

test("a job that cannot be done fails the bench with its reason", async () => {
  await using crew = await openCrew({ workers: 1, signal });
  await expect(crew.run([jobOf("nobody", 1)])).rejects.toThrow("there is no policy nobody");
});

test("a backend that is down for a while is missed in that time and used again afterwards", async () => {
  const outage = scenarios.find(({ name }) => name === "outage");
  if (!outage) throw new Error("there is an outage");
  const { watched } = await createJobs()({
    ...jobOf("random", 1),
    scenario: shortened(outage),
    isWatched: true,
  });
  expect(watched?.attainment).toBeLessThan(1);
  expect(watched?.usedAgainS).toBeGreaterThan(0);
});

test("tuning keeps the setting of each grid that costs least", async () => {
  const [, second] = grids.cheapest ?? [];
  const crew = planted(({ variant }) => ({ ...plain, usd: variant === second?.name ? 5 : 10 }));
  const { of, found } = await tune([base], { crew, seeds: [1, 2], baselines: ["random", "cheapest"] });
  expect(found).toEqual([{ trace: base.load.file, policy: "cheapest", variant: second?.name, cost: 5 }]);
  expect(of("cheapest", base.load)).toBe(second?.name);
  expect(of("random", base.load)).toBeUndefined();
});

test("a case runs ours with every objective, each baseline once, and pairs them by seed", async () => {
  const crew = planted(({ policy, seed }) => ({ ...plain, p50: policy === ours ? seed : -seed }));
  const run = await runCase(base, 250, { crew, tuned: untuned, seeds: 3, baselines: [strongest] });
  expect(run.ran.map(({ policy, objective }) => `${policy} ${objective}`)).toEqual([
    ...["tradewind cost", "tradewind balanced", "tradewind latency", "prequal-hedged balanced"],
    ...["lower bound balanced", "lower bound cost"],
  ]);
  expect(run.ran.map(({ figures }) => figures.map(({ p50 }) => p50))).toContainEqual([1, 2, 3]);
});

test("what a run cost is its dollars and what its misses cost at the objective, of a million requests", () => {
  const figures = [{ ...plain, requests: 500_000, misses: 50, usd: 3 }];
  for (const objective of ["cost", "balanced", "latency"] as const) {
    const [cost] = costs(figures, objective);
    expect(cost).toBeCloseTo(2 * (3 + 50 * moneyOf[objective].usdPerMiss), 10);
  }
  expect(variables(figures)).toEqual([8]);
});

test("balanced is judged by misses and money against the strongest baseline, seed by seed", () => {
  const rows = rowsOf(caseOf({ balanced: { usd: 5, variableUsd: 1 } }));
  expect(row(rows, "cost with misses at balanced")).toMatchObject({
    ...{ against: strongest, floor: 1, aim: 0.8, ours: [5, 5], theirs: [10, 10] },
    note: `mean 5 [5, 5] against 10 [10, 10]; 1000000 requests a seed in 900 s of the trace after 300 s of warm-up; ${strongest}: as published`,
  });
  expect(row(rows, "variable dollars at balanced")).toMatchObject({ aim: 0.7, ours: [1, 1], theirs: [4, 4] });
  expect(row(rows, "in time at balanced")).toMatchObject({ better: "higher", floor: 1 });
});

test("where nobody spends anything variable the difference is shown, since there is no ratio", () => {
  const rows = rowsOf(caseOf({ theirs: { variableUsd: 0 }, balanced: { variableUsd: 0.5 } }));
  expect(row(rows, "variable dollars at balanced, more than theirs")).toMatchObject({ ours: [0.5, 0.5] });
});

test("99.9 percent is asked of balanced only where the bound reaches it", () => {
  const limits = (attainment: number) =>
    rowsOf(caseOf({ bound: { attainment } })).filter(
      ({ against, floor }) => against === "limit" && floor === 99.9,
    );
  expect(limits(1)).toHaveLength(1);
  expect(limits(0.998)).toEqual([]);
});

test("cost is judged by its ratio to the bound, and by the difference where the bound is next to nothing", () => {
  const rows = rowsOf(caseOf({ cost: { usd: 4 }, bound: { usd: 4 } }));
  expect(row(rows, "cost with misses at cost")).toMatchObject({
    floor: 1.5,
    aim: 1.15,
    ours: [4, 4],
    theirs: [4, 4],
  });
  const small = rowsOf(caseOf({ cost: { usd: 0.05 }, bound: { usd: 0.04 } }));
  const { ours: above } = row(small, "cost with misses at cost, above the bound");
  expect(above[0]).toBeCloseTo(0.01, 10);
});

test("latency is judged against whichever baseline has the best tail", () => {
  const other: Ran = {
    policy: "p2c",
    variant: undefined,
    objective: "balanced",
    figures: twice({ p999: 90 }),
  };
  const run = caseOf({ latency: { p999: 80 } });
  expect(row(rowsOf({ ...run, ran: [...run.ran, other] }), "p99.9 at latency")).toMatchObject({
    ...{ against: "p2c", floor: 1.05, aim: 0.9, ours: [80, 80], theirs: [90, 90] },
  });
});

test("a slow backend is judged by what is missed meanwhile and by how soon it is used again", () => {
  const watched = { attainment: 0.998, usedAgainS: 12 };
  const slow = scenarios.find(({ name }) => name === "slow");
  const rows = rowsOf(caseOf({ balanced: { watched } }, slow));
  expect(row(rows, "missed while one is slow").ours[0]).toBeCloseTo(0.2, 10);
  expect(row(rows, "used again after")).toMatchObject({ floor: 10, ours: [12, 12] });
});

test("a guard's row is of the place where it buys the most, and names the others", async () => {
  const two = [base, { ...base, name: "cold" }];
  const crew = planted(({ policy, scenario }) => ({
    ...plain,
    usd: policy === ours ? 10 : scenario.name === "cold" ? 40 : 20,
  }));
  const rows = [];
  for await (const one of measureGuards(two, { crew, seeds: 2 })) rows.push(one);
  expect(rows.length).toBeGreaterThan(5);
  for (const one of rows) {
    expect(one).toMatchObject({ case: "azure x20, cold, 250 ms", ours: [10, 10], theirs: [40, 40] });
    expect(one.note).toContain("azure x20, base, 250 ms: 0.500");
  }
});

test("the README's table has a line for each case, bold where a floor is missed, and one for each guard", async () => {
  const rows = rowsOf(caseOf({ balanced: { usd: 50 }, latency: { p999: 90 } })).map(judge);
  const guards = planted(({ policy }) => ({ ...plain, usd: policy === ours ? 10 : 20 }));
  for await (const one of measureGuards([base], { crew: guards, seeds: 2 })) rows.push(judge(one));
  const lines = readmeTable(rows).split("\n");
  expect(lines).toContain(
    "| planted | 99.99, 99.99 | **50, 10 (5)** | 4, 4 (1) | 99.99 | 10, 10 (1) | 90, 200 (0.45) |",
  );
  expect(lines).toContain("| tradewind-no-hedge | azure x20, base, 250 ms | 10, 20 | 0.5 |");
});

function jobOf(policy: string, seed: number): Job {
  const scenario = base ?? raise();
  const load = { ...scenario.load, fromS: 190, seconds: 6, warmUpS: 1 };
  return { scenario: { ...scenario, load }, sloMs: 250, seed, policy, objective: "balanced" };
}

function raise(): never {
  throw new Error("there are scenarios");
}

function planted(figures: (job: Job) => Figures): Crew {
  return { run: async (jobs) => jobs.map(figures), [Symbol.asyncDispose]: async () => undefined };
}

type Changes = Partial<Record<"cost" | "balanced" | "latency" | "theirs" | "bound", Partial<Figures>>>;

function caseOf(changes: Changes, scenario: Scenario = base ?? raise()): Case {
  const ran = (policy: string, objective: Job["objective"], of: keyof Changes): Ran => {
    return { policy, variant: undefined, objective, figures: twice(changes[of]) };
  };
  const least = { attainment: 1, misses: 0, ...changes.bound };
  return {
    ...{ name: "planted", scenario, sloMs: 250 },
    ran: [
      ...[ran(ours, "cost", "cost"), ran(ours, "balanced", "balanced"), ran(ours, "latency", "latency")],
      ran(strongest, "balanced", "theirs"),
      { policy: bound, variant: undefined, objective: "balanced", figures: twice(least) },
      { policy: bound, variant: undefined, objective: "cost", figures: twice(least) },
    ],
  };
}

function twice(changes: Partial<Figures> = {}): readonly Figures[] {
  return [
    { ...plain, ...changes },
    { ...plain, ...changes },
  ];
}

function row(rows: ReturnType<typeof rowsOf>, metric: string) {
  const found = rows.find((one) => one.metric === metric && one.case === "planted");
  if (!found) throw new Error(`no row of ${metric}`);
  return found;
}
