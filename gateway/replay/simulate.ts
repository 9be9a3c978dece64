import type { Clock } from "#infra/runtime/clock.ts";
import type { Choose } from "../dispatch/choose.ts";
import type { Money, Objective, RouteTerms } from "../dispatch/terms.ts";
import { moneyOf } from "../fleet/route-terms.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import type { OpenPolicy } from "./policy.ts";
import { createSeeded } from "./seeded.ts";
import { askReadyEverySecond } from "./simulation/ask-ready.ts";
import { SimulatedBackend } from "./simulation/backend.ts";
import type { ChangingTerms } from "./simulation/bill.ts";
import { EventQueue } from "./simulation/event-queue.ts";
import { exchangeEverySecond } from "./simulation/exchange.ts";
import { openGateways } from "./simulation/gateways.ts";
import { createRecorder } from "./simulation/recorder.ts";
import { beginRequest, type SimulatedGateway } from "./simulation/request.ts";
import type { Fault, SimulatedFleet } from "./simulation/simulated-fleet.ts";
import type { Arrivals } from "./traces/arrivals.ts";

export type SimulateOptions = {
  readonly arrivals: Arrivals;
  readonly fleet: SimulatedFleet;
  readonly policy: OpenPolicy;
  readonly seed: number;
  /** In place of the fleet's own. */
  readonly route?: RouteTerms;
  readonly sloMs?: number;
  readonly objective?: Objective;
  readonly money?: Money;
  /** Beside the fleet's own. */
  readonly faults?: readonly Fault[];
  /** Nothing before this counts, neither requests nor dollars. */
  readonly warmUpMs?: number;
  /** Gateways that take requests in turn, each with what it knows itself. */
  readonly gateways?: number;
  /** How long a caller waits at most. */
  readonly timeoutMs?: number;
  /** How long the trace lasts, where that is longer than to its last request. */
  readonly spanMs?: number;
  /** To say how long a choice takes. */
  readonly clock?: Pick<Clock, "elapsed">;
};

/**
 * Lets a trace run through the dispatch as it is, against backends that are simulated. Nothing but the seed decides
 * what comes out.
 */
export function simulate(options: SimulateOptions): Outcome {
  const run = openRun(options);
  playArrivals(options.arrivals, run);
  while (run.events.size > 0) run.events.step();
  return closeRun(run);
}

type Run = {
  readonly fleet: SimulatedFleet;
  readonly route: RouteTerms;
  readonly events: EventQueue;
  readonly backends: readonly SimulatedBackend[];
  readonly gateways: readonly SimulatedGateway[];
  readonly timing: Timing | undefined;
  readonly progress: { arrivalsLeft: boolean };
};

function openRun(options: SimulateOptions): Run {
  const { arrivals, fleet, policy, seed, warmUpMs = 0, gateways: count = 1, timeoutMs = 30_000 } = options;
  const seeded = createSeeded(seed);
  const events = new EventQueue();
  const route = routeOf(options);
  const timing = options.clock && createTiming(options.clock);
  const terms = fleet.backends.map((backend): ChangingTerms => ({ ...backend.terms }));
  const backends = openBackends(options, terms, events);
  const recorder = createRecorder(arrivals.count, firstFrom(arrivals.atMs, warmUpMs), backends.length);
  const progress = { arrivalsLeft: true };
  const open = { requests: 0 };
  const gateways = openGateways({
    ...{ count, fleet, route, terms, backends, events, recorder, timeoutMs, open },
    policy: timing ? timed(policy, timing) : policy,
    seeded: seeded.fork("gateways"),
  });
  const goesOn = (): boolean => progress.arrivalsLeft || open.requests > 0;
  exchangeEverySecond(gateways, events, goesOn);
  askReadyEverySecond(gateways, events, goesOn);
  planEnd(options, backends, events);
  return { fleet, route, events, backends, gateways, timing, progress };
}

function routeOf({ fleet, route = fleet.route, sloMs, objective, money }: SimulateOptions): RouteTerms {
  return {
    ...route,
    ...(sloMs !== undefined && { sloMs }),
    ...(objective && { money: moneyOf[objective] }),
    ...(money && { money }),
  };
}

function openBackends(
  { fleet, faults = [], seed, warmUpMs = 0 }: SimulateOptions,
  terms: readonly ChangingTerms[],
  events: EventQueue,
): SimulatedBackend[] {
  const seeded = createSeeded(seed).fork("backends");
  return fleet.backends.flatMap(({ name, service }, place) => {
    const declared = terms[place];
    if (!declared) return [];
    const own = [...fleet.faults, ...faults].filter(({ backend }) => backend === name);
    const options = { events, service, faults: own, billFromMs: warmUpMs };
    return [new SimulatedBackend({ ...options, terms: declared, seeded: seeded.fork(name) })];
  });
}

function planEnd(
  { arrivals, spanMs = 0 }: SimulateOptions,
  backends: readonly SimulatedBackend[],
  events: EventQueue,
): void {
  const happen = (now: number): void => {
    for (const backend of backends) backend.closeBooks(now);
  };
  events.plan({ place: -1, happen }, Math.max(spanMs, arrivals.atMs[arrivals.count - 1] ?? 0));
}

/** Requests come from the trace and everything else from the queue, each at its time. */
function playArrivals({ atMs, bytes, count }: Arrivals, { events, gateways, progress }: Run): void {
  for (let number = 0; number < count; number += 1) {
    const at = atMs[number] ?? 0;
    while (events.nextAt <= at) events.step();
    events.passTo(at);
    const gateway = gateways[number % gateways.length];
    if (gateway) beginRequest(gateway, number, bytes[number] ?? 0);
  }
  progress.arrivalsLeft = false;
}

function closeRun({ fleet, route, backends, gateways, timing }: Run): Outcome {
  const [first] = gateways;
  if (!first) throw new RangeError("a run has one gateway at least");
  return outcomeOf({
    recorder: first.recorder,
    sloMs: route.sloMs,
    usdPerMiss: route.money.usdPerMiss,
    timeoutMs: first.timeoutMs,
    backends: backends.map(({ bill, started }, place) => ({
      name: fleet.backends[place]?.name ?? "",
      bill: bill.read(),
      started,
    })),
    chooseUs: timing && timing.timed > 0 ? (timing.ms * 1_000) / timing.timed : undefined,
  });
}

function firstFrom(atMs: Float64Array, warmUpMs: number): number {
  const found = atMs.findIndex((at) => at >= warmUpMs);
  return found < 0 ? atMs.length : found;
}

type Timing = { readonly clock: Pick<Clock, "elapsed">; ms: number; timed: number; seen: number };

function createTiming(clock: Pick<Clock, "elapsed">): Timing {
  return { clock, ms: 0, timed: 0, seen: 0 };
}

/** One choice in so many is timed, so that reading the clock is no part of what is measured. */
const timedEvery = 32;

function timed(open: OpenPolicy, timing: Timing): OpenPolicy {
  return (pool, chance) => {
    const policy = open(pool, chance);
    const choose: Choose = (...asked) => {
      timing.seen += 1;
      if (timing.seen % timedEvery !== 0) return policy.choose(...asked);
      const from = timing.clock.elapsed();
      const choice = policy.choose(...asked);
      timing.ms += timing.clock.elapsed() - from;
      timing.timed += 1;
      return choice;
    };
    return { ...policy, choose };
  };
}
