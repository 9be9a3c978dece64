import { afterAll, expect, test, vi } from "vitest";
import { moneyOf } from "#gateway/fleet/route-terms.ts";
import { lowerBound } from "#gateway/replay/lower-bound.ts";
import { oracleGreedy, prewoken } from "#gateway/replay/policies/oracle-greedy.ts";
import { policies } from "#gateway/replay/policies/policies.ts";
import { tradewind } from "#gateway/replay/policies/tradewind.ts";
import { simulate } from "#gateway/replay/simulate.ts";
import type { Fault, Law } from "#gateway/replay/simulation/simulated-fleet.ts";
import { seededRandom } from "#test/support/random.ts";
import {
  backend,
  bursts,
  comingAt,
  crowds,
  every,
  fleetOf,
  randomFleet,
  tightFleet,
} from "./bounded-fleets.ts";

// Prices are searched for with thousands of passes over each fleet; tests take it when they are declared.
vi.setConfig({ testTimeout: 30_000 });
afterAll(() => void vi.resetConfig());

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

test("no more are worked on at once than may be there, by as many gateways as there are, and the others wait", () => {
  const at = Array.from({ length: 100 }, () => 0);
  const law: Law = { kind: "parallel", ms: 100, workers: 100 };
  const tight = backend("tight", {
    terms: { mostInFlight: 10, perInstance: 100 },
    law,
    service: { perInstance: 100 },
  });
  const options = { arrivals: comingAt(at), fleet: fleetOf([tight]) };
  // Ten in a tenth of a second, in a quarter second and the sixteenth of it that a fine bucket is too long.
  expect(lowerBound(options).attainment).toBeCloseTo(0.25 * (17 / 16), 9);
  expect(lowerBound({ ...options, gateways: 3 }).attainment).toBeCloseTo(0.75 * (17 / 16), 9);
  // Who has answered before is given as many as may be there, and then some of those in line.
  const known = Array.from({ length: 30 }, (_, place) => place * 200);
  const arrivals = comingAt([...known, ...at.map((from) => from + 10_000)]);
  const run = simulate({ ...options, arrivals, policy: tradewind, seed: 1, warmUpMs: 8_000 });
  expect(run.attainment).toBeGreaterThan(0.1);
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

test("no objective takes less than the bound of its money, where few have room and the others wait at the gateway", () => {
  for (let seed = 21; seed <= 50; seed += 1) {
    const random = seededRandom(seed);
    const fleet = tightFleet(random);
    const arrivals = comingAt(crowds(random));
    const gateways = random.integer(1, 3);
    for (const objective of ["cost", "balanced", "latency"] as const) {
      const { usdPerMiss } = moneyOf[objective];
      const bound = lowerBound({ arrivals, fleet, gateways, usdPerMiss, steps: 20 });
      const run = simulate({ arrivals, fleet, policy: tradewind, seed, gateways, objective });
      const told = `${objective} with seed ${seed}`;
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

const owned = backend("owned", { terms: { usdPerSecond: 0.001 } });

const sleeper = backend("sleeper", {
  terms: { billing: "instance", usdPerSecond: 0.0001, idleMs: 300_000, coldMs: 10_000 },
});
