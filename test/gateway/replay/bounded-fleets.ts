import type { Terms } from "#adapters/terms.ts";
import type {
  Fault,
  FleetBackend,
  Law,
  ServiceTerms,
  SimulatedFleet,
} from "#gateway/replay/simulation/simulated-fleet.ts";
import { arrivalsOf } from "#gateway/replay/traces/arrivals.ts";
import type { Random } from "#test/support/random.ts";

const forever = Number.POSITIVE_INFINITY;

export function every(ms: number, count: number, fromMs = 0) {
  return comingAt(Array.from({ length: count }, (_, place) => fromMs + place * ms));
}

export function comingAt(at: readonly number[]) {
  return arrivalsOf(at.map((atMs) => ({ atMs, bytes: 60_000 })));
}

/** Many at the very same moment. */
export function crowds(random: Random): number[] {
  const at: number[] = [];
  for (let now = 0; now < 30_000; now += random.between(300, 1_000))
    for (let left = random.integer(1, 40); left > 0; left -= 1) at.push(now);
  return at;
}

export function bursts(random: Random): number[] {
  const at: number[] = [];
  for (let now = 0; now < 20_000; ) {
    now += random.between(50, 3_000);
    for (let left = random.integer(1, 60); left > 0; left -= 1) at.push(now + random.between(0, 300));
  }
  return at.sort((one, other) => one - other);
}

type Given = {
  readonly terms?: Partial<Terms>;
  readonly law?: Law;
  readonly service?: Partial<ServiceTerms>;
};

export function backend(name: string, { terms, law, service }: Given): FleetBackend {
  return {
    name,
    group: 0,
    terms: {
      ...{ billing: "provisioned", usdPerSecond: 0, usdPerRequest: 0, egressUsdPerGb: 0 },
      ...{ idleMs: 0, coldMs: 0, mostInFlight: 64, perInstance: 8 },
      ...{ budget: { usdPerHour: forever, usdPerDay: forever }, prior: undefined },
      ...terms,
    },
    service: {
      law: law ?? { kind: "parallel", ms: 100, workers: 1 },
      variation: { noise: 0 },
      network: { rttMs: 0, jitter: 0, bytesPerMs: forever },
      ...{ instances: 1, mostInstances: 2, perInstance: 8, queue: 200 },
      ...{ retryAfterMs: 1_000, coldNoise: 0, stopsOnAbort: true },
      ...service,
    },
  };
}

export function fleetOf(backends: readonly FleetBackend[], faults: readonly Fault[] = []): SimulatedFleet {
  return {
    model: "digits-s",
    route: {
      sloMs: 250,
      money: { usdPerMiss: 0.01, usdPerSecond: 0.0002 },
      hedge: { share: 0.05, quantile: 0.95, mostBytes: 1_000_000 },
      retry: { share: 0.1, attempts: 3 },
      eject: { after: 3, baseMs: 2_000, mostMs: 64_000 },
    },
    backends,
    faults,
  };
}

export function randomFleet(random: Random): SimulatedFleet {
  const backends = [0, 1, 2].map((place) => {
    const billing = (["provisioned", "instance", "request"] as const)[(place + random.integer(0, 2)) % 3];
    const sleeps = billing !== "provisioned";
    return backend(`b${place}`, {
      terms: {
        billing: billing ?? "request",
        usdPerSecond: random.between(1e-5, 1e-3),
        usdPerRequest: random.chance(0.3) ? random.between(0, 1e-4) : 0,
        egressUsdPerGb: random.chance(0.5) ? 0.1 : 0,
        mostInFlight: random.integer(1, 64),
        ...(sleeps && { idleMs: random.between(500, 30_000), coldMs: random.between(50, 3_000) }),
      },
      law: randomLaw(random),
      service: { network: { rttMs: random.between(1, 60), jitter: 0, bytesPerMs: 10_000 } },
    });
  });
  const faults: Fault[] = [
    { backend: "b0", fromMs: 4_000, toMs: 9_000, kind: random.chance(0.5) ? "down" : "hang" },
    { backend: "b1", fromMs: 6_000, toMs: 12_000, kind: "slow", factor: 5 },
    { backend: "b2", fromMs: 8_000, toMs: 15_000, kind: "price", factor: random.between(0.3, 3) },
  ];
  return fleetOf(
    backends,
    faults.filter(() => random.chance(0.5)),
  );
}

/** Every backend is full with a few, and most are fast, so that a line is worth waiting in. */
export function tightFleet(random: Random): SimulatedFleet {
  const { backends, ...fleet } = randomFleet(random);
  const tight = backends.map(({ terms, service, ...backend }) => {
    const fast: Law = { kind: "parallel", ms: random.between(3, 30), workers: 4 };
    const law = random.chance(0.7) ? fast : service.law;
    return {
      ...backend,
      terms: { ...terms, mostInFlight: random.integer(1, 4) },
      service: { ...service, law },
    };
  });
  return { ...fleet, backends: tight.slice(0, random.integer(1, 3)) };
}

function randomLaw(random: Random): Law {
  const laws: readonly Law[] = [
    { kind: "batching", baseMs: random.between(5, 40), perItemMs: random.between(2, 10), maxBatch: 8 },
    { kind: "parallel", ms: random.between(20, 120), workers: random.integer(1, 4) },
    { kind: "linear", baseMs: random.between(20, 80), perInFlightMs: random.between(2, 15) },
    {
      kind: "samples",
      levels: [
        { concurrency: 1, ms: [20, 22, 30] },
        { concurrency: 8, ms: [60, 70, 120] },
      ],
    },
  ];
  return laws[random.integer(0, 3)] as Law;
}
