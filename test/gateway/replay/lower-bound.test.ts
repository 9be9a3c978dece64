import { expect, test } from "vitest";
import type { Terms } from "#adapters/terms.ts";
import { lowerBound } from "#gateway/replay/lower-bound.ts";
import { oracleGreedy, prewoken } from "#gateway/replay/policies/oracle-greedy.ts";
import { policies } from "#gateway/replay/policies/policies.ts";
import { simulate } from "#gateway/replay/simulate.ts";
import type {
  Fault,
  FleetBackend,
  Law,
  ServiceTerms,
  SimulatedFleet,
} from "#gateway/replay/simulation/simulated-fleet.ts";
import { arrivalsOf } from "#gateway/replay/traces/arrivals.ts";
import { type Random, seededRandom } from "#test/support/random.ts";

const forever = Number.POSITIVE_INFINITY;

test("a backend that is paid for anyway and has room costs its time and nothing else", () => {
  const bound = lowerBound({ arrivals: every(100, 50), fleet: fleetOf([owned]), spanMs: 10_000 });
  expect(bound.fixedUsd).toBeCloseTo(0.01, 12);
  expect(bound.cost).toBeCloseTo(0.01, 12);
  expect(bound).toMatchObject({ kind: "LP relaxation", requests: 50, attainment: 1, variableCost: 0 });
  expect(bound.costPerMillion).toBeCloseTo(200, 9);
});

test("what comes at once beyond what can be done by the deadline is missed, and each miss is paid", () => {
  const at = Array.from({ length: 100 }, () => 0);
  const bound = lowerBound({ arrivals: comingAt(at), fleet: fleetOf([owned]) });
  // A hundred milliseconds each, in a quarter second and the sixteenth of it that a fine bucket is too long.
  expect(bound.attainment).toBeCloseTo(0.025 * (17 / 16), 9);
  expect(bound.variableCost).toBeCloseTo(1 - 0.025 * (17 / 16), 9);
});

test("no more are served than may be there at once and those that leave meanwhile, by as many gateways as there are", () => {
  const at = Array.from({ length: 100 }, () => 0);
  const law: Law = { kind: "parallel", ms: 100, workers: 100 };
  const tight = backend("tight", {
    terms: { mostInFlight: 10, perInstance: 100 },
    law,
    service: { perInstance: 100 },
  });
  const options = { arrivals: comingAt(at), fleet: fleetOf([tight]) };
  // In the sixteenth of a quarter second that is the first bucket, 15.625 of them are done.
  expect(lowerBound(options).attainment).toBeCloseTo(0.25625, 9);
  expect(lowerBound({ ...options, gateways: 3 }).attainment).toBeCloseTo(0.45625, 9);
});

test("an answer that is paid for by itself costs its price, its time and its way", () => {
  const rented = backend("rented", {
    terms: { billing: "request", usdPerSecond: 0.0001, usdPerRequest: 1e-6, egressUsdPerGb: 0.1 },
  });
  const bound = lowerBound({ arrivals: every(1_000, 20), fleet: fleetOf([rented]), warmUpMs: 0 });
  expect(bound.variableCost).toBeCloseTo(20 * (1e-6 + 0.1 * 0.0001 + 60_000 * 1e-10), 9);
});

test("a miss is taken where it is cheaper than any answer", () => {
  const dear = backend("dear", { terms: { billing: "request", usdPerRequest: 1 } });
  const bound = lowerBound({ arrivals: every(1_000, 20), fleet: fleetOf([dear]) });
  expect(bound.variableCost).toBeCloseTo(0.2, 9);
  expect(bound.attainment).toBe(1);
});

test("an instance is paid from its start to the end of its idle time, as a whole", () => {
  const bound = lowerBound({ arrivals: every(20_000, 100, 60_000), fleet: fleetOf([sleeper]), steps: 400 });
  // The first request wakes it and misses; the other 99 are served.
  const stands = 0.01 + 0.0001 * (10 + 98 * 20 + 300);
  expect(bound.variableCost).toBeLessThanOrEqual(stands + 1e-9);
  expect(bound.variableCost).toBeGreaterThan(0.99 * stands);
});

test("nobody is woken for fewer requests than an instance is worth", () => {
  const bound = lowerBound({ arrivals: every(20_000, 2, 60_000), fleet: fleetOf([sleeper]) });
  expect(bound.variableCost).toBeCloseTo(0.02, 6);
});

test("an outage takes the room that it lasts, and its price is that of the misses", () => {
  const faults: Fault[] = [{ backend: "owned", fromMs: 0, toMs: 5_000, kind: "down" }];
  const bound = lowerBound({ arrivals: every(500, 20), fleet: fleetOf([owned]), faults });
  // The first quarter second of a fault is not felt: what was begun before it may still be done.
  expect(bound.attainment).toBeGreaterThanOrEqual(0.5);
  expect(bound.attainment).toBeLessThan(0.6);
  expect(bound.variableCost).toBeCloseTo(20 * (1 - bound.attainment) * 0.01, 9);
});

test("a price that doubles in the middle doubles what is paid for from then on", () => {
  const faults: Fault[] = [{ backend: "owned", fromMs: 5_000, toMs: 60_000, kind: "price", factor: 2 }];
  const bound = lowerBound({
    arrivals: every(100, 50),
    fleet: fleetOf([owned]),
    faults,
    spanMs: 10_000,
  });
  expect(bound.fixedUsd).toBeCloseTo(0.015, 12);
});

test("who is slower than the deadline from the start serves nobody in time", () => {
  const slow = backend("slow", { law: { kind: "parallel", ms: 400, workers: 4 } });
  expect(lowerBound({ arrivals: every(100, 50), fleet: fleetOf([slow]) }).attainment).toBe(0);
});

test("what came while a run warms up is neither counted nor paid", () => {
  const bound = lowerBound({
    arrivals: every(100, 50),
    fleet: fleetOf([owned]),
    warmUpMs: 2_500,
    spanMs: 10_000,
  });
  expect(bound.requests).toBe(25);
  expect(bound.fixedUsd).toBeCloseTo(0.0075, 12);
});

test("a trace without requests is bound by what is paid anyway", () => {
  const bound = lowerBound({ arrivals: comingAt([]), fleet: fleetOf([owned]), spanMs: 1_000 });
  expect(bound).toMatchObject({ requests: 0, attainment: 1, costPerMillion: 0, variableCost: 0 });
});

test("no policy is ever cheaper or more often in time than the bound, whatever the fleet and the trace", () => {
  for (let seed = 1; seed <= 8; seed += 1) {
    const random = seededRandom(seed);
    const fleet = randomFleet(random);
    const arrivals = comingAt(bursts(random));
    const warmUpMs = random.chance(0.3) ? 5_000 : 0;
    const bound = lowerBound({ arrivals, fleet, warmUpMs, steps: 40 });
    for (const [name, policy] of Object.entries(policies)) {
      const run = simulate({ arrivals, fleet, policy, seed, warmUpMs });
      const told = `${name} with seed ${seed}`;
      expect(run.cost, told).toBeGreaterThanOrEqual(bound.cost * (1 - 1e-9));
      expect(run.attainment, told).toBeLessThanOrEqual(bound.attainment + 1e-9);
    }
  }
});

test("who knows the truth is held by the bound of the fleet that it plays on, and avoids what is out", () => {
  const slow = backend("slow", { law: { kind: "parallel", ms: 240, workers: 64 } });
  const faults: Fault[] = [{ backend: "owned", fromMs: 2_000, toMs: 4_000, kind: "hang" }];
  const fleet = prewoken(fleetOf([owned, slow, sleeper], faults));
  expect(fleet.backends.map(({ terms }) => terms.coldMs)).toEqual([0, 0, 0]);
  const arrivals = every(150, 60);
  const bound = lowerBound({ arrivals, fleet });
  for (const stands of [true, false]) {
    const run = simulate({ arrivals, fleet, policy: oracleGreedy(fleet, { stands }), seed: 1 });
    expect(run.attainment).toBe(1);
    expect(run.cost).toBeGreaterThanOrEqual(bound.cost * (1 - 1e-9));
    const [first, second, third] = run.backends.map(({ answered }) => answered);
    expect([first, second, third]).toEqual([45, 15, 0]);
  }
});

function every(ms: number, count: number, fromMs = 0) {
  return comingAt(Array.from({ length: count }, (_, place) => fromMs + place * ms));
}

function comingAt(at: readonly number[]) {
  return arrivalsOf(at.map((atMs) => ({ atMs, bytes: 60_000 })));
}

function bursts(random: Random): number[] {
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

function backend(name: string, { terms, law, service }: Given): FleetBackend {
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

function fleetOf(backends: readonly FleetBackend[], faults: readonly Fault[] = []): SimulatedFleet {
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

function randomFleet(random: Random): SimulatedFleet {
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

const owned = backend("owned", { terms: { usdPerSecond: 0.001 } });

const sleeper = backend("sleeper", {
  terms: { billing: "instance", usdPerSecond: 0.0001, idleMs: 300_000, coldMs: 10_000 },
});
