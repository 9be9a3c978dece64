import { expect, test } from "vitest";
import type { Standing } from "#gateway/dispatch/standing.ts";
import { policies } from "#gateway/replay/policies/policies.ts";
import type { OpenPolicy } from "#gateway/replay/policy.ts";
import { type SimulateOptions, simulate } from "#gateway/replay/simulate.ts";
import type { Fault, Trouble } from "#gateway/replay/simulation/simulated-fleet.ts";
import { seededRandom } from "#test/support/random.ts";
import { arrivalsAt, backendOf, firstInOrder, fleetOf, poisson } from "#test/support/simulated.ts";

const { tradewind, random } = policies;
if (!tradewind || !random) throw new Error("there are these policies at least");

const gpu = {
  law: { kind: "batching", baseMs: 12, perItemMs: 5, maxBatch: 16 },
  variation: { noise: 0.1, outliers: { share: 0.01, factor: 5 } },
  network: { rttMs: 4, jitter: 0.2, bytesPerMs: 100_000 },
} as const;

const mixed = fleetOf(
  backendOf("gpu", { terms: { usdPerSecond: 0.0002 }, service: gpu }),
  backendOf("other", { terms: { usdPerSecond: 0.0001 }, service: { ...gpu, instances: 2 } }),
  backendOf("burst", {
    terms: {
      billing: "instance",
      usdPerSecond: 0.0003,
      coldMs: 4_000,
      idleMs: 30_000,
      perInstance: 8,
      egressUsdPerGb: 0.09,
      prior: { baseMs: 30, perInFlightMs: 5 },
    },
    service: { ...gpu, coldNoise: 0.2, queue: 20 },
  }),
  backendOf("cpu", {
    terms: { billing: "request", usdPerSecond: 0.0001, coldMs: 1_000, idleMs: 20_000, perInstance: 2 },
    service: { ...gpu, law: { kind: "parallel", ms: 60, workers: 1 }, queue: 5 },
  }),
);

const during = (trouble: Trouble, backend = "gpu"): Fault => ({
  ...{ backend, fromMs: 4_000, toMs: 9_000 },
  ...trouble,
});

const troubles: readonly Fault[] = [
  during({ kind: "down" }),
  during({ kind: "slow", factor: 10 }, "other"),
  during({ kind: "errors", share: 0.3 }, "burst"),
  during({ kind: "hang" }, "other"),
  during({ kind: "full", retryAfterMs: 500 }, "burst"),
  during({ kind: "latency", ms: 80 }, "cpu"),
  during({ kind: "price", factor: 3 }, "burst"),
  during({ kind: "down" }, "burst"),
  during({ kind: "down" }, "cpu"),
];

/** Counts what a policy is told of, and keeps what the gateways know of the backends. */
function watched(open: OpenPolicy) {
  const seen = { sent: 0, ended: 0, standings: [] as Standing[] };
  const policy: OpenPolicy = (pool, chance) => {
    const inner = open(pool, chance);
    seen.standings.push(...pool.lanes.map(({ standing }) => standing));
    return {
      ...inner,
      sent: (made, now) => {
        seen.sent += 1;
        inner.sent?.(made, now);
      },
      ended: (made, now) => {
        seen.ended += 1;
        inner.ended?.(made, now);
      },
    };
  };
  return { seen, policy };
}

test("every request ends once and every try is told of twice, whatever goes wrong, under every policy", () => {
  const chance = seededRandom(11);
  for (const [name, open] of Object.entries(policies)) {
    const faults = troubles.filter(() => chance.chance(0.4));
    const { seen, policy } = watched(open);
    const arrivals = poisson({ rps: 60, seconds: 15, seed: chance.integer(0, 1e6) });
    const gateways = chance.integer(1, 3);
    const outcome = simulate({ arrivals, fleet: mixed, policy, seed: 5, faults, gateways, timeoutMs: 9_000 });
    expect(outcome.requests, name).toBe(arrivals.count);
    expect(outcome.answered + outcome.failed, name).toBe(arrivals.count);
    const answers = outcome.backends.reduce((sum, { answered }) => sum + answered, 0);
    expect(answers, name).toBe(outcome.answered);
    expect(seen.ended, name).toBe(seen.sent);
    expect(seen.standings.length, name).toBe(4 * gateways);
    expect(
      seen.standings.map(({ inFlight }) => inFlight).every((left) => left === 0),
      name,
    ).toBe(true);
  }
});

test("nobody is sent the same request twice", () => {
  let asked = 0;
  const policy: OpenPolicy = (pool, chance) => {
    const inner = tradewind(pool, chance);
    return {
      ...inner,
      choose: (given, ask, draws) => {
        const choice = inner.choose(given, ask, draws);
        if (ask.tried.length > 0) asked += 1;
        if (choice) expect(ask.tried).not.toContain(choice.lane);
        return choice;
      },
    };
  };
  simulate({ arrivals: poisson({ rps: 80, seconds: 20 }), fleet: mixed, policy, seed: 2, faults: troubles });
  expect(asked).toBeGreaterThan(50);
});

test("a seed decides everything, and another seed gives another run", () => {
  const options: SimulateOptions = {
    ...{ arrivals: poisson({ rps: 60, seconds: 20 }), fleet: mixed, policy: tradewind },
    ...{ faults: troubles, gateways: 2, seed: 3 },
  };
  const first = simulate(options);
  expect(simulate(options)).toEqual(first);
  expect(simulate({ ...options, seed: 4 }).latencyMs).not.toEqual(first.latencyMs);
});

test("what is noise to one policy is the same noise to another", () => {
  const fleet = fleetOf(
    backendOf("gpu", { service: gpu, terms: { prior: { baseMs: 20, perInFlightMs: 5 } } }),
  );
  const options = { arrivals: poisson({ rps: 5, seconds: 60 }), fleet, seed: 3 };
  const ours = simulate({ ...options, policy: firstInOrder });
  const theirs = simulate({ ...options, policy: random });
  expect(theirs.latencyMs).toEqual(ours.latencyMs);
  expect(ours.latencyMs.most).toBeGreaterThan(1.4 * ours.latencyMs.p50);
});

test("nobody waits longer than the time limit, and who did has no answer", () => {
  const service = { law: { kind: "parallel", ms: 5_000, workers: 1 } } as const;
  const fleet = fleetOf(backendOf("a", { service }));
  const outcome = simulate({
    arrivals: arrivalsAt(0, 1),
    fleet,
    policy: firstInOrder,
    seed: 1,
    timeoutMs: 6_000,
  });
  expect(outcome).toMatchObject({ answered: 1, failed: 1, misses: 2 });
  expect(outcome.latencyMs.most).toBe(6_000);
});

/** The first takes four seconds, and who came after it has left after two and a half. */
const impatient = (seconds: readonly number[], perInstance: number, stopsOnAbort = false) =>
  simulate({
    arrivals: arrivalsAt(...seconds),
    fleet: fleetOf(
      backendOf("a", {
        terms: { perInstance },
        service: { law: { kind: "parallel", ms: 2_000, workers: 1 }, stopsOnAbort },
      }),
    ),
    ...{ policy: firstInOrder, seed: 1, timeoutMs: 2_500 },
    faults: [{ backend: "a", kind: "slow", factor: 2, fromMs: 0, toMs: 1_000 }],
  });

test("a request that nobody waits for any more leaves the line, before an instance and inside of it", () => {
  for (const perInstance of [1, 8]) {
    const outcome = impatient([0, 0.5, 3.6], perInstance);
    expect(outcome.backends[0]).toMatchObject({ answered: 1, abandoned: 2 });
    expect(outcome.latencyMs.p50).toBe(2_500);
  }
});

test("what is worked on goes on when nobody waits, unless it is said to stop", () => {
  expect(impatient([0, 3], 8, false).answered).toBe(0);
  expect(impatient([0, 3], 8, true).answered).toBe(1);
});

test("choices are timed where a clock is given", () => {
  let ms = 0;
  const clock = { elapsed: () => (ms += 0.001) };
  const options = { arrivals: poisson({ rps: 50, seconds: 10 }), fleet: mixed, policy: random, seed: 1 };
  expect(simulate({ ...options, clock }).chooseUs).toBeCloseTo(1, 6);
  expect(simulate(options).chooseUs).toBeUndefined();
});

test("an empty trace costs what stands anyway and nothing else", () => {
  const fleet = fleetOf(backendOf("a", { terms: { usdPerSecond: 0.01 } }));
  const outcome = simulate({ arrivals: arrivalsAt(), fleet, policy: tradewind, seed: 1, spanMs: 10_000 });
  expect(outcome).toMatchObject({ requests: 0, attainment: 1, usd: { total: 0.1, variable: 0 } });
});
