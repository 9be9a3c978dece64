import { marginalUsd } from "../../dispatch/marginal-cost.ts";
import type { Lane } from "../../dispatch/pool.ts";
import type { Try } from "../../dispatch/try.ts";
import type { ChoiceAsk } from "../../dispatch/weigh.ts";
import { type IsWorthIt, isWorthACopy } from "../../dispatch/worth-a-copy.ts";
import { timeOf } from "../bound/pace.ts";
import type { OpenPolicy } from "../policy.ts";
import type { Fault, FleetBackend, ServiceTerms, SimulatedFleet } from "../simulation/simulated-fleet.ts";
import { choosing } from "./choosing.ts";
import { lowestOf } from "./least-in-flight.ts";

export type OracleOptions = {
  /** Beside the fleet's own. */
  readonly faults?: readonly Fault[];
  /** Whether it may use what is paid for while it stands, which it does not plan ahead. */
  readonly stands?: boolean;
};

/**
 * Knows how fast everybody really is and what is wrong where, though not which draws the noise will make: each request
 * goes where its price and the miss that it would be come to least. It is a run that can be had where nothing has to
 * start; `prewoken` makes a fleet so. The better of its two ways is an estimate of what an oracle reaches, from below,
 * as the lower bound is one from above.
 */
export function oracleGreedy(
  fleet: SimulatedFleet,
  { faults = [], stands = true }: OracleOptions = {},
): OpenPolicy {
  const known = new Map(fleet.backends.map((backend) => [backend.name, backend]));
  const wrong = Map.groupBy([...fleet.faults, ...faults], ({ backend }) => backend);
  return ({ terms }) => {
    const score = ({ standing }: Lane, ask: ChoiceAsk): number => {
      const backend = known.get(standing.name);
      if (!backend || (!stands && standing.terms.billing === "instance")) return Number.MAX_VALUE;
      const load = standing.load(ask.now);
      const ms = foresee({ backend, load, ...ask, faults: wrong.get(backend.name) ?? [] });
      const usd = marginalUsd(standing, { load, bytes: ask.bytes, ms, now: ask.now });
      const late = ask.now + ms > ask.deadlineAt ? terms.money.usdPerMiss : 0;
      // A millionth of a dollar a second decides among equals: the faster.
      return usd + late + ms * 1e-9;
    };
    const choose = choosing((usable, ask, chance) => lowestOf(usable, (lane) => score(lane, ask), chance));
    const isLate = ({ lane: { standing }, load, sentAt: now }: Try, deadlineAt: number): boolean => {
      const backend = known.get(standing.name);
      const of = { load, now, deadlineAt, bytes: 0, faults: wrong.get(standing.name) ?? [] };
      return !backend || now + foresee({ backend, ...of }) > deadlineAt;
    };
    // What it knows to be in time is no silent one, however long it takes.
    const isWorthIt: IsWorthIt = (made, copy, ask) =>
      isWorthACopy({ ...made, isSilent: made.isSilent && isLate(made, ask.deadlineAt) }, copy, ask);
    return { choose, hedges: true, isWorthIt, wakes: false };
  };
}

/** The same fleet, whose instances are there as soon as they are wanted. */
export function prewoken(fleet: SimulatedFleet): SimulatedFleet {
  const backends = fleet.backends.map((backend) => ({ ...backend, terms: { ...backend.terms, coldMs: 0 } }));
  return { ...fleet, backends };
}

type Foreseen = {
  readonly backend: FleetBackend;
  readonly load: number;
  readonly now: number;
  readonly deadlineAt: number;
  readonly bytes: number;
  readonly faults: readonly Fault[];
};

function foresee({ backend, load, now, deadlineAt, bytes, faults }: Foreseen): number {
  const { service, terms } = backend;
  let [factor, extraMs] = [1, 0];
  for (const fault of faults) {
    if (fault.fromMs > deadlineAt || fault.toMs <= now) continue;
    if (fault.kind === "down" || fault.kind === "hang" || fault.kind === "full") return Number.MAX_VALUE;
    if (fault.kind === "slow") factor *= fault.factor;
    if (fault.kind === "latency") extraMs += fault.ms;
  }
  const instances = terms.billing === "provisioned" ? service.instances : service.mostInstances;
  const own = atInstance(service, Math.ceil(load / instances)) * factor * (1 + 2 * service.variation.noise);
  return own + service.network.rttMs + bytes / service.network.bytesPerMs + extraMs;
}

/** With so many at one instance, itself the last of them. */
function atInstance({ law }: ServiceTerms, load: number): number {
  if (law.kind === "parallel") return law.ms * Math.max(1, load / law.workers);
  if (law.kind !== "batching" || load === 1) return timeOf(law, load, "mean");
  const batch = timeOf(law, Math.min(law.maxBatch, load), "mean");
  // Half of the batch that is under way, the full ones before its own, and its own.
  return batch * (1.5 + Math.floor((load - 1) / law.maxBatch));
}
