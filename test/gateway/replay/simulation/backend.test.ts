import { expect, test } from "vitest";
import { simulate } from "#gateway/replay/simulate.ts";
import { arrivalsAt, backendOf, firstInOrder, fleetOf, poisson } from "#test/support/simulated.ts";

const seed = 1;
const policy = firstInOrder;
const usdPerSecond = 0.001;

/** A service that begins with nothing, starts in two seconds and stays for a minute. */
const sleeper = {
  billing: "instance",
  usdPerSecond,
  coldMs: 2_000,
  idleMs: 60_000,
  mostInFlight: 10,
  perInstance: 1,
} as const;

const run = (backend: ReturnType<typeof backendOf>, ...seconds: readonly number[]) => {
  const outcome = simulate({ arrivals: arrivalsAt(...seconds), fleet: fleetOf(backend), policy, seed });
  const [only] = outcome.backends;
  if (!only) throw new Error("one backend has one outcome");
  return { ...outcome, only };
};

test("an instance is paid from the begin of its start until it was idle for as long as it stays", () => {
  const { only, latencyMs, usd } = run(backendOf("a", { terms: sleeper }), 0, 10);
  expect(latencyMs.most).toBeCloseTo(2_100, 6);
  expect(latencyMs.p50).toBeCloseTo(100, 6);
  expect(only.instancesStarted).toBe(1);
  expect(only.paidSeconds).toBeCloseTo(70.1, 6);
  expect(usd.variable).toBeCloseTo(70.1 * usdPerSecond, 9);
  expect(usd.total).toBe(usd.variable);
});

test("who comes after the instance is gone pays for another start", () => {
  const { only, latencyMs } = run(backendOf("a", { terms: sleeper }), 0, 100);
  expect(only.instancesStarted).toBe(2);
  expect(latencyMs.p50).toBeCloseTo(2_100, 6);
  expect(only.paidSeconds).toBeCloseTo(2 * 62.1, 6);
});

test("what is billed by the request is paid while it starts or works, and for each request", () => {
  const terms = { ...sleeper, billing: "request", usdPerRequest: 0.5 } as const;
  const { only, usd } = run(backendOf("a", { terms }), 0, 10);
  expect(only.paidSeconds).toBeCloseTo(2.2, 6);
  expect(usd.total).toBeCloseTo(2.2 * usdPerSecond + 2 * 0.5, 9);
});

test("requests that are there together share the seconds of one instance", () => {
  const terms = { ...sleeper, billing: "request", perInstance: 4 } as const;
  const service = { law: { kind: "parallel", ms: 100, workers: 4 } } as const;
  const { only } = run(backendOf("a", { terms, service }), 0, 10, 10.05);
  expect(only.paidSeconds).toBeCloseTo(2.1 + 0.15, 6);
});

test("what is provisioned is paid for the whole trace, used or not", () => {
  const terms = { usdPerSecond };
  const { only, usd } = run(backendOf("a", { terms, service: { instances: 3 } }), 0, 50);
  expect(only.paidSeconds).toBeCloseTo(150, 6);
  expect(usd).toEqual({ total: only.usd, variable: 0, egress: 0 });
  const longer = simulate({
    arrivals: arrivalsAt(0, 50),
    fleet: fleetOf(backendOf("a", { terms })),
    ...{ policy, seed, spanMs: 80_000 },
  });
  expect(longer.usd.total).toBeCloseTo(80 * usdPerSecond, 9);
});

test("the way out of a cloud is paid for each byte that is sent, and variable whoever is sent to", () => {
  const { usd } = run(backendOf("a", { terms: { usdPerSecond, egressUsdPerGb: 1_000 } }), 0, 10);
  expect(usd.egress).toBeCloseTo(2 * 50_000 * 1e-9 * 1_000, 9);
  expect(usd.variable).toBe(usd.egress);
});

test("each try pays its way again, but for a connection that is refused", () => {
  const dear = { egressUsdPerGb: 1_000 };
  const egress = (kind: "errors" | "down") =>
    simulate({
      arrivals: arrivalsAt(5),
      fleet: fleetOf(backendOf("a", { terms: dear }), backendOf("b", { terms: dear })),
      ...{ policy, seed },
      faults: [
        { backend: "a", fromMs: 0, toMs: 9_000, ...(kind === "down" ? { kind } : { kind, share: 1 }) },
      ],
    });
  expect(egress("errors")).toMatchObject({
    answered: 1,
    retries: 1,
    usd: { egress: expect.closeTo(0.1, 9) },
  });
  expect(egress("down")).toMatchObject({ answered: 1, retries: 1, usd: { egress: expect.closeTo(0.05, 9) } });
});

test("nothing that was paid while the run warmed up is in the bill", () => {
  const fleet = fleetOf(backendOf("a", { terms: { ...sleeper, egressUsdPerGb: 1_000 } }));
  const outcome = simulate({ arrivals: arrivalsAt(0, 10), fleet, policy, seed, warmUpMs: 5_000 });
  expect(outcome.requests).toBe(1);
  expect(outcome.usd.egress).toBeCloseTo(0.05, 9);
  expect(outcome.usd.total).toBeCloseTo(0.05 + 65.1 * usdPerSecond, 9);
});

test("a price that changes is charged from then on, and the terms that choices see change with it", () => {
  const fleet = fleetOf(backendOf("a", { terms: { usdPerSecond } }));
  const seen: number[] = [];
  const outcome = simulate({
    ...{ arrivals: arrivalsAt(0, 50, 100), fleet, seed },
    policy: (pool, chance) => ({
      ...policy(pool, chance),
      sent: ({ lane }) => void seen.push(lane.standing.terms.usdPerSecond),
    }),
    faults: [{ backend: "a", kind: "price", factor: 4, fromMs: 20_000, toMs: 60_000 }],
  });
  expect(seen).toEqual([usdPerSecond, 4 * usdPerSecond, usdPerSecond]);
  expect(outcome.usd.total).toBeCloseTo((60 + 4 * 40) * usdPerSecond, 9);
});

test("a further instance starts when all are full, and who waits goes to whichever is free first", () => {
  const soon = run(backendOf("a", { terms: sleeper }), 0, 10, 10.01);
  expect(soon.only.instancesStarted).toBe(2);
  expect(soon.latencyMs.most).toBeCloseTo(2_100, 6);
  // The second waited 90 ms for the first one's instance, not two seconds for its own.
  expect(soon.latencyMs.p95).toBeCloseTo(2_100, 6);
  expect(soon.latencyMs.p50).toBeCloseTo(190, 6);
  const slow = { service: { law: { kind: "parallel", ms: 5_000, workers: 1 } } } as const;
  const late = run(backendOf("a", { terms: sleeper, ...slow }), 0, 10, 10.01);
  expect(late.latencyMs.p95).toBeCloseTo(7_000, 6);
});

test("no more instances start than there may be", () => {
  const service = { mostInstances: 2 };
  const { only } = run(backendOf("a", { terms: sleeper, service }), 0, 0, 0, 0);
  expect(only.instancesStarted).toBe(2);
});

test("one that is full turns requests away at once and says when to come again", () => {
  const service = { queue: 1, retryAfterMs: 700 };
  const full: (number | undefined)[] = [];
  const outcome = simulate({
    arrivals: arrivalsAt(0, 0, 0, 0),
    fleet: fleetOf(backendOf("a", { terms: { perInstance: 1 }, service })),
    policy: (pool, chance) => ({
      ...policy(pool, chance),
      ended: ({ state, lane }, now) => {
        if (state === "failed") full.push(lane.standing.breaker.fullUntil - now);
      },
    }),
    seed,
  });
  expect(outcome.answered).toBe(2);
  expect(full).toEqual([700, 700]);
});

test("a busy device takes together what came meanwhile, as many as fit", () => {
  const law = { kind: "batching", baseMs: 10, perItemMs: 5, maxBatch: 3 } as const;
  const { latencyMs } = run(backendOf("a", { service: { law } }), 0, 0.001, 0.002, 0.003, 0.004);
  // 15 ms alone, then three in 25 ms, then one more in 15.
  expect(latencyMs.p50).toBeCloseTo(15 + 25 - 2, 6);
  expect(latencyMs.most).toBeCloseTo(15 + 25 + 15 - 4, 6);
});

test("the mean wait before one worker is what Pollaczek and Khinchine say", () => {
  const [noise, ms, rps] = [0.6, 20, 35];
  const service = { law: { kind: "parallel", ms, workers: 1 }, variation: { noise } } as const;
  const fleet = fleetOf(
    backendOf("a", {
      terms: { perInstance: 10_000, mostInFlight: 10_000 },
      service: { ...service, queue: 10_000 },
    }),
  );
  const { latencyMs } = simulate({ arrivals: poisson({ rps, seconds: 800 }), fleet, policy, seed });
  const load = (rps * ms) / 1_000;
  const wait = ((rps / 1_000) * ms * ms * Math.exp(noise * noise)) / (2 * (1 - load));
  expect(latencyMs.mean / (ms + wait)).toBeGreaterThan(0.94);
  expect(latencyMs.mean / (ms + wait)).toBeLessThan(1.06);
});

test("the mean wait before several workers is what Erlang says", () => {
  // Two workers at 70 %: the chance to wait is 0.5765, and exponential times would wait twice as long as even ones.
  const [ms, rps] = [20, 70];
  const service = { law: { kind: "parallel", ms, workers: 2 } } as const;
  const terms = { perInstance: 10_000, mostInFlight: 10_000 };
  const fleet = fleetOf(backendOf("a", { terms, service: { ...service, queue: 10_000 } }));
  const { latencyMs } = simulate({ arrivals: poisson({ rps, seconds: 800 }), fleet, policy, seed });
  const exponential = (0.5765 * ms) / (2 * (1 - 0.7));
  expect((latencyMs.mean - ms) / (exponential / 2)).toBeGreaterThan(0.9);
  expect((latencyMs.mean - ms) / (exponential / 2)).toBeLessThan(1.12);
});

test("a way takes half of the round trip, and longer for more bytes", () => {
  const network = { rttMs: 40, jitter: 0, bytesPerMs: 5_000 };
  expect(run(backendOf("a", { service: { network } }), 0).latencyMs.most).toBeCloseTo(40 + 10 + 100, 6);
});
