import { join } from "node:path";
import { moneyOf } from "#gateway/fleet/route-terms.ts";
import { loadFleet } from "#gateway/replay/fleet-file.ts";
import { lowerBound } from "#gateway/replay/lower-bound.ts";
import { grids, policies } from "#gateway/replay/policies/policies.ts";
import type { OpenPolicy } from "#gateway/replay/policy.ts";
import { simulate } from "#gateway/replay/simulate.ts";
import type { Fault, SimulatedFleet } from "#gateway/replay/simulation/simulated-fleet.ts";
import type { Arrivals } from "#gateway/replay/traces/arrivals.ts";
import { arrivalsOf } from "./arrivals-of.ts";
import { bound, type Figures, type Job, type Watched } from "./job.ts";

const folder = join(import.meta.dirname, "../fleets");

/** Does jobs one after the other; what the last one read is kept for the next. */
export function createJobs(): (job: Job) => Promise<Figures> {
  let held: { readonly key: string; readonly arrivals: Arrivals } | undefined;
  const fleets = new Map<string, SimulatedFleet>();
  return async (job) => {
    const { fleet: name, load } = job.scenario;
    const fleet = fleets.get(name) ?? (await loadFleet(join(folder, `${name}.yaml`)));
    fleets.set(name, fleet);
    const key = JSON.stringify([load, job.seed]);
    if (held?.key !== key) held = { key, arrivals: await arrivalsOf(load, job.seed) };
    return job.policy === bound ? boundFigures(job, fleet, held.arrivals) : run(job, fleet, held.arrivals);
  };
}

function boundFigures(
  { scenario, sloMs, objective }: Job,
  fleet: SimulatedFleet,
  arrivals: Arrivals,
): Figures {
  const { load, faults } = scenario;
  const { usdPerMiss } = moneyOf[objective];
  const warmUpMs = load.warmUpS * 1_000;
  const spanMs = load.seconds * 1_000;
  const found = lowerBound({ arrivals, fleet, faults, sloMs, usdPerMiss, warmUpMs, spanMs });
  const { requests, attainment, cost, variableCost } = found;
  return { ...nothing, requests, attainment, usd: cost, variableUsd: variableCost };
}

const nothing = { misses: 0, failed: 0, p50: 0, p99: 0, p999: 0, hedges: 0, retries: 0, wakes: 0 };

function run(job: Job, fleet: SimulatedFleet, arrivals: Arrivals): Figures {
  const { load, faults } = job.scenario;
  const fault = job.isWatched ? faults[0] : undefined;
  const sent: number[] = [];
  const policy = fault ? seeing(policyOf(job), fault, sent) : policyOf(job);
  const asked = { ...askOf(job, fleet), arrivals, spanMs: load.seconds * 1_000 };
  const outcome = simulate({ ...asked, policy, warmUpMs: load.warmUpS * 1_000 });
  const { requests, misses, failed, attainment, latencyMs, usd, hedges, retries, wakes } = outcome;
  const { p50, p99, p999 } = latencyMs;
  return {
    ...{ requests, misses, failed, attainment, p50, p99, p999, hedges, retries, wakes },
    ...{ usd: usd.total, variableUsd: usd.variable },
    ...(fault && fault.kind !== "price" && { watched: watch(job, fleet, arrivals, fault, sent) }),
  };
}

function askOf({ scenario, sloMs, seed, objective }: Job, fleet: SimulatedFleet) {
  const { faults, gateways = 1 } = scenario;
  return { fleet, seed, sloMs, money: moneyOf[objective], faults, gateways };
}

function policyOf({ policy, variant }: Job): OpenPolicy {
  const tuned = variant === undefined ? undefined : grids[policy]?.find(({ name }) => name === variant)?.open;
  const open = variant === undefined ? policies[policy] : tuned;
  if (!open) throw new RangeError(`there is no policy ${policy} ${variant ?? ""}`);
  return open;
}

/** Enough that it is no trial any more. */
const inUse = 10;

/** The same policy; whoever is sent first to the backend after its fault is counted. */
function seeing(open: OpenPolicy, { backend, toMs }: Fault, sent: number[]): OpenPolicy {
  return (pool, chance) => {
    const policy = open(pool, chance);
    return {
      ...policy,
      sent: (made, now) => {
        if (
          now >= toMs &&
          sent.length < inUse &&
          made.kind === "first" &&
          made.lane.standing.name === backend
        )
          sent.push(now);
        policy.sent?.(made, now);
      },
    };
  };
}

/** A run up to the fault's end is the same run up to there, and only what came within the fault counts in it. */
function watch(
  job: Job,
  fleet: SimulatedFleet,
  arrivals: Arrivals,
  fault: Fault,
  sent: readonly number[],
): Watched {
  const { fromMs, toMs } = fault;
  const later = arrivals.atMs.findIndex((at) => at >= toMs);
  const until = { ...arrivals, count: later < 0 ? arrivals.count : later };
  const { attainment } = simulate({
    ...askOf(job, fleet),
    ...{ policy: policyOf(job), warmUpMs: fromMs, arrivals: until },
  });
  const againAt = sent[inUse - 1] ?? job.scenario.load.seconds * 1_000;
  return { attainment, usedAgainS: (againAt - toMs) / 1_000 };
}
