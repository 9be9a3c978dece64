import { expect, test } from "vitest";
import { simulate } from "#gateway/replay/simulate.ts";
import type { Trouble } from "#gateway/replay/simulation/simulated-fleet.ts";
import { arrivalsAt, backendOf, firstInOrder, fleetOf } from "#test/support/simulated.ts";

/** One backend that takes 100 ms and does nothing else, with something wrong from second 10 to second 20. */
const wrong = (trouble: Trouble, ...seconds: readonly number[]) =>
  simulate({
    arrivals: arrivalsAt(...seconds),
    fleet: fleetOf(backendOf("a", { service: { network: { rttMs: 10, jitter: 0, bytesPerMs: 1e9 } } })),
    ...{ policy: firstInOrder, seed: 1, timeoutMs: 60_000 },
    faults: [{ backend: "a", fromMs: 10_000, toMs: 20_000, ...trouble }],
  });

test("who is down refuses and loses what was under way, and is back afterwards", () => {
  const lost = wrong({ kind: "down" }, 5, 9.98, 15, 25);
  expect(lost.answered).toBe(2);
  expect(lost.failed).toBe(2);
  expect(lost.latencyMs.p50).toBeCloseTo(110, 3);
});

test("who is slow takes so many times as long for what begins meanwhile", () => {
  expect(wrong({ kind: "slow", factor: 10 }, 5, 15, 25).latencyMs).toMatchObject({
    p50: expect.closeTo(110, 3),
    most: expect.closeTo(1_010, 3),
  });
});

test("who hangs goes on when it may, with what it had and with what came", () => {
  const held = wrong({ kind: "hang" }, 9.95, 15);
  expect(held.answered).toBe(2);
  expect(held.latencyMs.p50).toBeCloseTo(5_105, 3);
  expect(held.latencyMs.most).toBeCloseTo(10_055, 3);
});

test("who hangs with a batch under way hands it out when it may", () => {
  const outcome = simulate({
    arrivals: arrivalsAt(9.995, 9.996),
    fleet: fleetOf(
      backendOf("a", { service: { law: { kind: "batching", baseMs: 12, perItemMs: 5, maxBatch: 16 } } }),
    ),
    ...{ policy: firstInOrder, seed: 1, timeoutMs: 60_000 },
    faults: [{ backend: "a", kind: "hang", fromMs: 10_000, toMs: 20_000 }],
  });
  expect(outcome.latencyMs.p50).toBeCloseTo(10_005, 3);
  expect(outcome.latencyMs.most).toBeCloseTo(10_004 + 17, 3);
});

test("a share of errors fails about so many, and fast", () => {
  const seconds = Array.from({ length: 900 }, (_, place) => 10 + place / 100);
  const outcome = simulate({
    arrivals: arrivalsAt(...seconds),
    fleet: fleetOf(backendOf("a", { service: { law: { kind: "parallel", ms: 5, workers: 10 } } })),
    ...{ policy: firstInOrder, seed: 1 },
    faults: [{ backend: "a", kind: "errors", share: 0.3, fromMs: 10_000, toMs: 20_000 }],
  });
  expect(outcome.failed).toBeGreaterThan(220);
  expect(outcome.failed).toBeLessThan(320);
  expect(outcome.latencyMs.p50).toBeCloseTo(5, 3);
});

test("who is full says when to come again, and rests no more than that, unlike one that fails", () => {
  const restsAfter = (trouble: Trouble) => {
    const rests: boolean[] = [];
    const outcome = simulate({
      arrivals: arrivalsAt(11, 11.5, 12, 12.5, 13),
      fleet: fleetOf(backendOf("a")),
      policy: (pool, chance) => ({
        ...firstInOrder(pool, chance),
        ended: ({ lane }, now) => void rests.push(lane.standing.breaker.isResting(now)),
      }),
      seed: 1,
      faults: [{ backend: "a", fromMs: 10_000, toMs: 20_000, ...trouble }],
    });
    expect(outcome.failed).toBe(5);
    return rests.includes(true);
  };
  expect(restsAfter({ kind: "full", retryAfterMs: 300 })).toBe(false);
  expect(restsAfter({ kind: "errors", share: 1 })).toBe(true);
});

test("a longer way takes as much longer as it is said to", () => {
  expect(wrong({ kind: "latency", ms: 80 }, 15).latencyMs.most).toBeCloseTo(190, 3);
});

test("faults of one kind at once make it worse, and each ends for itself", () => {
  const outcome = simulate({
    arrivals: arrivalsAt(1, 3, 5, 7),
    fleet: {
      ...fleetOf(backendOf("a")),
      faults: [{ backend: "a", kind: "slow", factor: 2, fromMs: 2_000, toMs: 6_000 }],
    },
    ...{ policy: firstInOrder, seed: 1 },
    faults: [
      { backend: "a", kind: "slow", factor: 3, fromMs: 4_000, toMs: 8_000 },
      { backend: "nobody", kind: "down", fromMs: 0, toMs: 9_000 },
    ],
  });
  expect(outcome.latencyMs.mean).toBeCloseTo((100 + 200 + 600 + 300) / 4, 3);
});
