import { termsOf } from "#adapters/registry.ts";
import type { Terms } from "#adapters/terms.ts";
import type { Choose } from "#gateway/dispatch/choose.ts";
import type { RouteTerms } from "#gateway/dispatch/terms.ts";
import type { OpenPolicy } from "#gateway/replay/policy.ts";
import { createSeeded } from "#gateway/replay/seeded.ts";
import { serviceOf } from "#gateway/replay/simulation/as-declared.ts";
import { usualService } from "#gateway/replay/simulation/fleet-settings.ts";
import type {
  FleetBackend,
  ServiceTerms,
  SimulatedFleet,
} from "#gateway/replay/simulation/simulated-fleet.ts";
import { type Arrivals, arrivalsOf } from "#gateway/replay/traces/arrivals.ts";

export const route: RouteTerms = {
  sloMs: 250,
  money: { usdPerMiss: 0.01, usdPerSecond: 0.0002 },
  hedge: { share: 0.05, quantile: 0.95, mostBytes: 1_048_576 },
  retry: { share: 0.1, attempts: 3 },
  eject: { after: 3, baseMs: 2_000, mostMs: 64_000 },
};

/** One that does exactly as it is told: no way to it, no chance in it. */
export const exact: ServiceTerms = {
  ...serviceOf(usualService, termsOf({ kind: "static" }), new Map()),
  law: { kind: "parallel", ms: 100, workers: 1 },
  variation: { noise: 0 },
  network: { rttMs: 0, jitter: 0, bytesPerMs: Number.POSITIVE_INFINITY },
  coldNoise: 0,
};

export function backendOf(
  name: string,
  {
    terms,
    service,
    ...rest
  }: Partial<Omit<FleetBackend, "terms" | "service">> & {
    readonly terms?: Partial<Terms>;
    readonly service?: Partial<ServiceTerms>;
  } = {},
): FleetBackend {
  const declared = { ...termsOf({ kind: "static" }), ...terms };
  const perInstance = declared.perInstance;
  return {
    name,
    group: 0,
    ...rest,
    terms: declared,
    service: { ...exact, perInstance, mostInstances: 100, ...service },
  };
}

export function fleetOf(...backends: readonly FleetBackend[]): SimulatedFleet {
  return { model: "digits-s", route, backends, faults: [] };
}

/** Always the first of those that were not tried, and nothing is ever sent twice. */
export const firstInOrder: OpenPolicy = () => ({ choose: chooseFirst, hedges: false, wakes: false });

const chooseFirst: Choose = ({ lanes }, { tried, now }) => {
  const lane = lanes.find((one) => !tried.includes(one));
  if (!lane) return undefined;
  const load = lane.standing.load(now);
  return { lane, load, predictedMs: 100, costUsd: 0, missChance: 0, verdict: "chosen" };
};

export function arrivalsAt(...seconds: readonly number[]): Arrivals {
  return arrivalsOf(seconds.map((second) => ({ atMs: second * 1_000, bytes: 50_000 })));
}

/** As customers come who know nothing of each other. */
export function poisson({
  rps,
  seconds,
  seed = 1,
}: {
  readonly rps: number;
  readonly seconds: number;
  readonly seed?: number;
}): Arrivals {
  const seeded = createSeeded(seed).fork("arrivals");
  const times: number[] = [];
  for (let at = seeded.exponential() / rps; at < seconds; at += seeded.exponential() / rps) times.push(at);
  return arrivalsOf(times.map((second) => ({ atMs: second * 1_000, bytes: 50_000 })));
}
